"""How the product is put into service: proxy, pooler, roles of the database, and all of it on one machine."""
