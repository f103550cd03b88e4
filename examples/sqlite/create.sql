-- Makes a database of 100000 orders of 1000 customers, the same rows every time.
CREATE TABLE customer(
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL,
	region TEXT NOT NULL
);
CREATE TABLE purchase(
	id INTEGER PRIMARY KEY,
	customer INTEGER NOT NULL REFERENCES customer(id),
	day INTEGER NOT NULL,
	cents INTEGER NOT NULL
);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
INSERT INTO customer
SELECT i, printf('customer %04d', i),
	CASE i * 7 % 4 WHEN 0 THEN 'north' WHEN 1 THEN 'east' WHEN 2 THEN 'south' ELSE 'west' END
FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
INSERT INTO purchase
SELECT i, 1 + i * 7919 % 1000, i * 31 % 365, 100 + i * 2654435761 % 99991 FROM n;
COMMIT;
CREATE INDEX purchase_by_customer ON purchase(customer);
SELECT count(*) || ' purchases, ' || (SELECT count(*) FROM customer) || ' customers' FROM purchase;
