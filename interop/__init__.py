"""HL7 FHIR R4: the questions for anybody, answers from registered programs, one case for staff, an EHR."""
