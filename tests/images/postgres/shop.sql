CREATE TABLE customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    email text UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE products (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title text NOT NULL,
    price numeric(10, 2) NOT NULL CHECK (price >= 0)
);

CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers (id),
    product_id bigint NOT NULL REFERENCES products (id),
    quantity integer NOT NULL DEFAULT 1,
    ordered_at timestamptz NOT NULL DEFAULT now()
);

CREATE VIEW revenue_by_customer AS
SELECT c.id AS customer_id, c.name, sum(o.quantity * p.price) AS revenue
FROM orders o JOIN customers c ON c.id = o.customer_id JOIN products p ON p.id = o.product_id
GROUP BY c.id, c.name;

COMMENT ON TABLE customers IS 'People who have bought something.';

COMMENT ON COLUMN customers.email IS 'Address for invoices; personal data.';

COMMENT ON TABLE orders IS 'One row per product ordered.';

COMMENT ON TABLE products IS 'What the shop sells.';

INSERT INTO customers (name, email) VALUES ('Ada', 'ada@example.org'), ('Grace', 'grace@example.org');

INSERT INTO products (title, price) VALUES ('Tea', 4.20), ('Cup', 9.90), ('Kettle', 39.00);

INSERT INTO orders (customer_id, product_id, quantity) VALUES (1, 1, 3), (1, 3, 1), (2, 2, 2);

GRANT SELECT ON ALL TABLES IN SCHEMA public TO om_reader;

