-- A shop as many have it: what it sells, to whom, and where things are.

CREATE TYPE order_status AS ENUM ('cart', 'placed', 'paid', 'shipped', 'returned', 'cancelled');

CREATE TABLE countries (
    code char(2) PRIMARY KEY,
    name text NOT NULL UNIQUE,
    vat numeric(4, 2) NOT NULL DEFAULT 0 CHECK (vat >= 0 AND vat < 100)
);
CREATE TABLE customers (
    id bigserial PRIMARY KEY,
    email varchar(320) NOT NULL,
    name varchar(200) NOT NULL,
    country char(2) NOT NULL REFERENCES countries,
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
CREATE UNIQUE INDEX customers_email ON customers (lower(email)) WHERE deleted_at IS NULL;
CREATE TABLE addresses (
    id bigserial PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers ON DELETE CASCADE,
    lines text[] NOT NULL CHECK (array_length(lines, 1) BETWEEN 1 AND 5),
    is_default boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX addresses_default ON addresses (customer_id) WHERE is_default;
CREATE TABLE categories (
    id serial PRIMARY KEY,
    parent_id integer REFERENCES categories ON DELETE RESTRICT,
    slug text NOT NULL,
    UNIQUE (parent_id, slug),
    CHECK (parent_id <> id)
);
CREATE TABLE products (
    id bigserial PRIMARY KEY,
    category_id integer REFERENCES categories,
    sku varchar(40) NOT NULL UNIQUE,
    title text NOT NULL,
    description text,
    price numeric(12, 2) NOT NULL CHECK (price >= 0),
    attributes jsonb NOT NULL DEFAULT '{}',
    search tsvector GENERATED ALWAYS AS
        (to_tsvector('english', title || ' ' || coalesce(description, ''))) STORED
);
CREATE INDEX products_search ON products USING gin (search);
CREATE INDEX products_attributes ON products USING gin (attributes jsonb_path_ops);
CREATE TABLE warehouses (
    id smallserial PRIMARY KEY,
    name text NOT NULL,
    position point
);
CREATE TABLE stock (
    product_id bigint REFERENCES products ON DELETE CASCADE,
    warehouse_id smallint REFERENCES warehouses,
    quantity integer NOT NULL DEFAULT 0 CHECK (quantity >= 0),
    reserved integer NOT NULL DEFAULT 0,
    PRIMARY KEY (product_id, warehouse_id),
    CONSTRAINT reserved_is_there CHECK (reserved <= quantity)
);
CREATE TABLE orders (
    id bigserial PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers,
    shipping_address_id bigint REFERENCES addresses ON DELETE SET NULL,
    status order_status NOT NULL DEFAULT 'cart',
    placed_at timestamptz,
    CHECK ((status = 'cart') = (placed_at IS NULL))
);
CREATE INDEX orders_customer ON orders (customer_id, placed_at DESC);
CREATE INDEX orders_open ON orders (placed_at) WHERE status IN ('placed', 'paid');
CREATE TABLE order_items (
    order_id bigint REFERENCES orders ON DELETE CASCADE,
    position smallint,
    product_id bigint NOT NULL REFERENCES products,
    quantity integer NOT NULL CHECK (quantity > 0),
    price numeric(12, 2) NOT NULL,
    total numeric(14, 2) GENERATED ALWAYS AS (price * quantity) STORED,
    PRIMARY KEY (order_id, position)
);
CREATE TABLE payments (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    order_id bigint NOT NULL REFERENCES orders,
    amount numeric(12, 2) NOT NULL,
    provider text NOT NULL DEFAULT 'card',
    response json,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE reviews (
    product_id bigint REFERENCES products,
    customer_id bigint REFERENCES customers,
    stars smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
    body text,
    PRIMARY KEY (product_id, customer_id)
);
CREATE TABLE audit_log (
    id bigserial PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    relation regclass,
    row_before jsonb,
    row_after jsonb
);
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_log (relation, row_before, row_after)
    VALUES (TG_RELID, to_jsonb(OLD), to_jsonb(NEW));
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER orders_audit AFTER INSERT OR UPDATE OR DELETE ON orders
    FOR EACH ROW EXECUTE FUNCTION audit();
CREATE TRIGGER payments_audit AFTER INSERT OR UPDATE ON payments
    FOR EACH ROW EXECUTE FUNCTION audit();
CREATE VIEW order_totals AS
    SELECT o.id, o.customer_id, sum(i.total) AS total, sum(i.total) * c.vat / 100 AS tax
    FROM orders o JOIN order_items i ON i.order_id = o.id
    JOIN customers u ON u.id = o.customer_id JOIN countries c ON c.code = u.country
    GROUP BY o.id, c.vat;
CREATE VIEW best_customers AS
    SELECT customer_id, sum(total) AS total FROM order_totals GROUP BY customer_id ORDER BY 2 DESC LIMIT 100;
CREATE MATERIALIZED VIEW product_ratings AS
    SELECT product_id, avg(stars)::numeric(3, 2) AS stars, count(*) AS reviews FROM reviews GROUP BY product_id;
CREATE UNIQUE INDEX product_ratings_product ON product_ratings (product_id);
COMMENT ON TABLE orders IS 'A cart becomes an order when it is placed.';
COMMENT ON COLUMN orders.placed_at IS 'NULL while it is a cart';
