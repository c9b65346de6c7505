"""What leaves here as HL7 FHIR R4: the questions for anybody, and one case for whoever may see it."""
