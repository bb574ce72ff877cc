/** The tables that the cases are about, as a tenant would have them. No rows. */
export const CASE_SCHEMA = `
create extension citext;
create extension btree_gist;
create extension hstore;
create type mood as enum ('sad', 'ok', 'happy');
create type unused_kind as enum ('a', 'b');
create domain posint as int check (value > 0);
create domain anyint as int;
create domain usedint as int;
create table u (id bigint primary key, name text not null, email text not null unique, old_ref int);
create table pk2 (id int primary key, label text);
create table t (
  id bigint generated always as identity primary key,
  n int, small smallint, big bigint, required int not null, guarded int check (guarded is not null),
  vc varchar(50), vcn varchar, vcx varchar(50), vcc varchar(50) check (vcc <> 'forbidden'), name text, code char(10),
  price numeric(10, 2), amount numeric, r4 real, r8 double precision,
  ts timestamp, tsi timestamp, tz timestamptz, tz3 timestamptz(3), d date, tm time, iv interval(3),
  js json, jb jsonb, uid uuid, ip inet, net cidr, m mood, tags varchar(5)[], bits varbit(8), ct citext, txi text,
  dom usedint, pos posint, base int, stored_sum int generated always as (base + 1) stored,
  virtual_sum int generated always as (base + 2) virtual,
  u_id bigint references u (id), pk2_id int references pk2 (id), free bigint, flag boolean, period int4range
);
create index t_vcx on t (vcx);
create index t_tsi on t (tsi);
create index t_txi on t (txi);
create index t_n on t (n);
create unique index t_big_unique on t (big);
create unique index t_required_unique on t (required);
alter table t add constraint t_small_positive check (small > 0) not valid;
create table w (id int primary key, note text);
create table log (id bigserial primary key, body text);
create table child_of_t (extra int) inherits (w);
create table empty (id int primary key, a text, b int);
create table virt (a int, b int generated always as (a + 1) virtual);
create table nopk (a int not null, b text);
create table serials (id serial, note text);
create table p (id int, k int, body text) partition by list (k);
create table p1 partition of p for values in (1);
create table p2 partition of p for values in (2);
create table pd partition of p default;
create table q (id int not null, k int not null, body text) partition by range (k);
create table q1 partition of q for values from (0) to (100);
create table loose (id int not null, k int not null, body text);
create table loose_checked (id int not null, k int not null, body text, check (k is not null and k >= 200 and k < 300));
create table parted_fk (id int primary key, body text);
create view v as select id, name from u;
create materialized view mv as select id, name from u;
create unique index mv_id on mv (id);
create sequence s;
create schema archive;
create table archive.old_orders (id int primary key, total numeric);
create schema blank;
create function zero_sql() returns int language sql volatile as 'select 0';
create function zero_plpgsql() returns int language plpgsql volatile as 'begin return 0; end';
create function zero_stable() returns int language plpgsql stable as 'begin return 0; end';
create function purge_log() returns void language sql as 'delete from log where id < 100';
create function touch() returns trigger language plpgsql as 'begin return new; end';
create function widen_w() returns void language plpgsql as
  'begin execute ''alter table w alter column id type bigint''; end';
create trigger w_touch before update on w for each row execute function touch();
create policy w_all on w using (true);
alter table pk2 enable row level security;
`

/** How many rows each of its tables has when the truth is measured. */
export const CASE_ROWS = 50_000

/** Rows for the tables: a migration that works on them has something to do. `empty` stays empty. */
export const CASE_DATA = `
insert into u select g, 'name ' || g, 'mail' || g, g from generate_series(1, ${CASE_ROWS}) g;
insert into pk2 select g, 'label ' || g from generate_series(1, ${CASE_ROWS}) g;
insert into t (n, small, big, required, guarded, vc, vcn, vcx, vcc, name, code, price, amount, r4, r8, ts, tsi, tz, tz3, d, tm, iv,
    js, jb, uid, ip, net, m, tags, bits, ct, txi, dom, pos, u_id, pk2_id, free, flag, period)
  select g, 1, g, g, g, 'v' || g, 'v' || g, 'v' || g, 'v' || g, 'n' || g, 'c' || g % 1000, g / 7.0, g / 7.0, g / 7.0, g / 7.0,
    timestamp '2026-01-01' + g * interval '1.234567 s', timestamp '2026-01-01' + g * interval '1 s',
    timestamptz '2026-01-01' + g * interval '1.234567 s', timestamptz '2026-01-01' + g * interval '1.2 s', date '2026-01-01' + g % 99,
    time '00:00', g * interval '1.5 s', '{"b": 1,  "a": 2, "a": 3}', '{"a": 1}', gen_random_uuid(), '10.0.0.1', '10.0.0.0/24',
    'ok', '{a,b}', b'1010', 'c' || g, 'x' || g, g, g, g, g, g, g % 2 = 0, int4range(g, g + 1)
  from generate_series(1, ${CASE_ROWS}) g;
insert into w select g, 'note' from generate_series(1, ${CASE_ROWS}) g;
insert into virt select g from generate_series(1, ${CASE_ROWS}) g;
insert into log (body) select 'body' from generate_series(1, ${CASE_ROWS}) g;
insert into nopk select g, 'b' from generate_series(1, ${CASE_ROWS}) g;
insert into serials (note) select 'n' from generate_series(1, ${CASE_ROWS}) g;
insert into p select g, g % 3 + 1, 'body' from generate_series(1, ${CASE_ROWS * 3}) g;
insert into q select g, g % 100, 'body' from generate_series(1, ${CASE_ROWS}) g;
insert into loose select g, 100 + g % 100, 'body' from generate_series(1, ${CASE_ROWS}) g;
insert into loose_checked select g, 200 + g % 100, 'body' from generate_series(1, ${CASE_ROWS}) g;
insert into parted_fk select g, 'body' from generate_series(1, ${CASE_ROWS}) g;
insert into archive.old_orders select g, g from generate_series(1, ${CASE_ROWS}) g;
insert into child_of_t select g, 'note', 1 from generate_series(1, ${CASE_ROWS}) g;
refresh materialized view mv;
analyze;
`
