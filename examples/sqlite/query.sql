-- A join, an aggregate and a check over what create.sql made.
.mode column
SELECT region, count(*) AS purchases, sum(cents) AS cents, max(cents) AS largest
FROM purchase JOIN customer ON customer.id = purchase.customer
GROUP BY region ORDER BY region;
SELECT name, count(*) AS purchases, sum(cents) AS cents
FROM purchase JOIN customer ON customer.id = purchase.customer
GROUP BY customer.id ORDER BY cents DESC, name LIMIT 3;
.mode list
SELECT count(*), sum(cents), avg(day) FROM purchase;
PRAGMA integrity_check;
