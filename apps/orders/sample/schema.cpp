// The tables of dellstore2, the sample database that the tutorial loads: every name, type, default,
// key and index as there. The function new_customer is there too.
#include "sample/schema.hpp"

namespace orders::sample {

const std::vector<schema_step> drop_steps{
    // In one statement, since they refer to each other. No CASCADE: it would take views and
    // foreign keys with it that are not the sample's.
    {"the old tables", R"(
        DROP TABLE IF EXISTS public.categories, public.cust_hist, public.customers,
            public.inventory, public.orderlines, public.orders, public.products,
            public.reorder)"},
    // They went with their tables, unless someone cut that tie. One left behind would give its
    // table's new sequence another name.
    {"the old sequences", R"(
        DROP SEQUENCE IF EXISTS public.categories_category_seq, public.customers_customerid_seq,
            public.orders_orderid_seq, public.products_prod_id_seq)"},
};

const std::vector<schema_step> table_steps{
    {"table categories", R"(
        CREATE TABLE public.categories (
            category     serial      NOT NULL,
            categoryname varchar(50) NOT NULL
        ))"},
    {"table customers", R"(
        CREATE TABLE public.customers (
            customerid           serial      NOT NULL,
            firstname            varchar(50) NOT NULL,
            lastname             varchar(50) NOT NULL,
            address1             varchar(50) NOT NULL,
            address2             varchar(50),
            city                 varchar(50) NOT NULL,
            state                varchar(50),
            zip                  integer,
            country              varchar(50) NOT NULL,
            region               smallint    NOT NULL,
            email                varchar(50),
            phone                varchar(50),
            creditcardtype       integer     NOT NULL,
            creditcard           varchar(50) NOT NULL,
            creditcardexpiration varchar(50) NOT NULL,
            username             varchar(50) NOT NULL,
            password             varchar(50) NOT NULL,
            age                  smallint,
            income               integer,
            gender               varchar(1)
        ))"},
    {"table cust_hist", R"(
        CREATE TABLE public.cust_hist (
            customerid integer NOT NULL,
            orderid    integer NOT NULL,
            prod_id    integer NOT NULL
        ))"},
    {"table inventory", R"(
        CREATE TABLE public.inventory (
            prod_id       integer NOT NULL,
            quan_in_stock integer NOT NULL,
            sales         integer NOT NULL
        ))"},
    {"table orders", R"(
        CREATE TABLE public.orders (
            orderid     serial         NOT NULL,
            orderdate   date           NOT NULL,
            customerid  integer,
            netamount   numeric(12, 2) NOT NULL,
            tax         numeric(12, 2) NOT NULL,
            totalamount numeric(12, 2) NOT NULL
        ))"},
    {"table orderlines", R"(
        CREATE TABLE public.orderlines (
            orderlineid integer  NOT NULL,
            orderid     integer  NOT NULL,
            prod_id     integer  NOT NULL,
            quantity    smallint NOT NULL,
            orderdate   date     NOT NULL
        ))"},
    {"table products", R"(
        CREATE TABLE public.products (
            prod_id        serial         NOT NULL,
            category       integer        NOT NULL,
            title          varchar(50)    NOT NULL,
            actor          varchar(50)    NOT NULL,
            price          numeric(12, 2) NOT NULL,
            special        smallint,
            common_prod_id integer        NOT NULL
        ))"},
    {"table reorder", R"(
        CREATE TABLE public.reorder (
            prod_id        integer NOT NULL,
            date_low       date    NOT NULL,
            quan_low       integer NOT NULL,
            date_reordered date,
            quan_reordered integer,
            date_expected  date
        ))"},
};

const std::vector<schema_step> finishing_steps{
    {"categories_pkey", "ALTER TABLE public.categories ADD PRIMARY KEY (category)"},
    {"customers_pkey", "ALTER TABLE public.customers ADD PRIMARY KEY (customerid)"},
    {"inventory_pkey", "ALTER TABLE public.inventory ADD PRIMARY KEY (prod_id)"},
    {"orders_pkey", "ALTER TABLE public.orders ADD PRIMARY KEY (orderid)"},
    {"products_pkey", "ALTER TABLE public.products ADD PRIMARY KEY (prod_id)"},

    {"ix_cust_hist_customerid",
     "CREATE INDEX ix_cust_hist_customerid ON public.cust_hist (customerid)"},
    {"ix_cust_username", "CREATE UNIQUE INDEX ix_cust_username ON public.customers (username)"},
    {"ix_order_custid", "CREATE INDEX ix_order_custid ON public.orders (customerid)"},
    {"ix_orderlines_orderid",
     "CREATE UNIQUE INDEX ix_orderlines_orderid ON public.orderlines (orderid, orderlineid)"},
    {"ix_prod_category", "CREATE INDEX ix_prod_category ON public.products (category)"},
    {"ix_prod_special", "CREATE INDEX ix_prod_special ON public.products (special)"},

    {"fk_cust_hist_customerid", R"(
        ALTER TABLE public.cust_hist ADD CONSTRAINT fk_cust_hist_customerid
            FOREIGN KEY (customerid) REFERENCES public.customers ON DELETE CASCADE)"},
    {"fk_customerid", R"(
        ALTER TABLE public.orders ADD CONSTRAINT fk_customerid
            FOREIGN KEY (customerid) REFERENCES public.customers ON DELETE SET NULL)"},
    {"fk_orderid", R"(
        ALTER TABLE public.orderlines ADD CONSTRAINT fk_orderid
            FOREIGN KEY (orderid) REFERENCES public.orders ON DELETE CASCADE)"},

    // The next row gets the next number. Only of orders there may be none.
    {"categories_category_seq", R"(
        SELECT setval('public.categories_category_seq', max(category)) FROM public.categories)"},
    {"customers_customerid_seq", R"(
        SELECT setval('public.customers_customerid_seq', max(customerid)) FROM public.customers)"},
    {"orders_orderid_seq", R"(
        SELECT setval('public.orders_orderid_seq', coalesce(max(orderid), 1),
                      max(orderid) IS NOT NULL) FROM public.orders)"},
    {"products_prod_id_seq", R"(
        SELECT setval('public.products_prod_id_seq', max(prod_id)) FROM public.products)"},

    // The original's one function: the new customer's number, or 0 where the name is taken.
    {"function new_customer", R"(
        CREATE OR REPLACE FUNCTION public.new_customer(
            firstname_in varchar, lastname_in varchar, address1_in varchar, address2_in varchar,
            city_in varchar, state_in varchar, zip_in integer, country_in varchar,
            region_in integer, email_in varchar, phone_in varchar, creditcardtype_in integer,
            creditcard_in varchar, creditcardexpiration_in varchar, username_in varchar,
            password_in varchar, age_in integer, income_in integer, gender_in varchar,
            OUT customerid_out integer)
        LANGUAGE plpgsql AS $function$
        BEGIN
            INSERT INTO public.customers (
                firstname, lastname, address1, address2, city, state, zip, country, region, email,
                phone, creditcardtype, creditcard, creditcardexpiration, username, password, age,
                income, gender)
            VALUES (
                firstname_in, lastname_in, address1_in, address2_in, city_in, state_in, zip_in,
                country_in, region_in, email_in, phone_in, creditcardtype_in, creditcard_in,
                creditcardexpiration_in, username_in, password_in, age_in, income_in, gender_in)
            ON CONFLICT (username) DO NOTHING
            RETURNING customerid INTO customerid_out;
            customerid_out := coalesce(customerid_out, 0);
        END
        $function$)"},

    {"statistics", R"(
        ANALYZE public.categories, public.cust_hist, public.customers, public.inventory,
            public.orderlines, public.orders, public.products, public.reorder)"},
};

}  // namespace orders::sample
