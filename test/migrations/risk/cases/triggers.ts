import { having, long, longAndLoses, loses, quick, type RiskCase } from './risk-case.ts'

const COUNTERS = `create table case_visits (id int primary key, note text, seen_at timestamptz);
  create table case_counters (name text primary key, n bigint);
  insert into case_visits select n, 'x', '2020-01-01' from generate_series(1, 2000) n;
  insert into case_counters values ('visits', 0);`
const trigger = (body: string, when: string) =>
  `${COUNTERS} create function case_fire() returns trigger language plpgsql as $$ begin ${body} end $$;
   create trigger case_fire ${when} on case_visits for each row execute function case_fire();`

const ADDS = `insert into case_visits (id, note) values (9001, 'new')`
const COUNTS = 'update case_counters set n = n + 1; return null;'
const TOUCHES = "new.seen_at = '2021-01-01'; return new;"
const ADD_COLUMN = 'alter table case_visits add column length int'
const FILL_ONE = 'update case_visits set length = 1 where id = 7'

/** What triggers do behind statements that cost nothing themselves, and what keeps them from it. */
export const TRIGGERS_CASES: readonly RiskCase[] = [
  having(trigger(COUNTS, 'after insert'), loses(ADDS)),
  having(trigger(COUNTS, 'after delete'), quick(ADDS)),
  having(trigger(`insert into case_counters values (new.id::text, 1); return null;`, 'after insert'), quick(ADDS)),
  having(trigger(TOUCHES, 'before insert'), quick(ADDS)),
  having(trigger(TOUCHES, 'before update'), loses(ADD_COLUMN, FILL_ONE)),
  having(trigger(TOUCHES, 'before update of note'), quick(ADD_COLUMN, FILL_ONE)),
  having(trigger('new.length = 2; return new;', 'before update'), quick(ADD_COLUMN, FILL_ONE)),
  having(
    trigger(TOUCHES, 'before update'),
    longAndLoses(ADD_COLUMN, 'update case_visits set length = 1 where note is not null'),
  ),
  having(
    trigger(TOUCHES, 'before update'),
    quick('alter table case_visits disable trigger case_fire', ADD_COLUMN, FILL_ONE),
  ),
]

const IDENTITY = 'create table case_numbered (id int generated always as identity primary key, note text)'

/** Code that a query runs only because a view does. */
export const VIEWS_CASES: readonly RiskCase[] = [
  having(
    `${COUNTERS} create function case_purge() returns int language sql as $$ delete from case_visits; select 1 $$;
     create view case_view as select case_purge() as n`,
    loses('select * from case_view'),
  ),
  having(`${COUNTERS} create view case_view as select count(*) from case_visits`, quick('select * from case_view')),
]

/** An IDENTITY is begun again from the highest value; locks that earlier statements hold are long only while rows are read. */
export const HELD_CASES: readonly RiskCase[] = [
  having(IDENTITY, quick('alter table case_numbered alter column id drop identity')),
  having(IDENTITY, loses('drop table case_numbered')),
  having(
    `${IDENTITY}; insert into case_numbered (note) select 'x' from generate_series(1, 2000)`,
    loses('alter table case_numbered alter column note set default 1', 'delete from case_numbered where id = 7'),
  ),
  having(
    `${IDENTITY}; insert into case_numbered (note) select 'x' from generate_series(1, 200000); analyze case_numbered`,
    long(
      'alter table case_numbered rename to case_old',
      'create table case_numbered (like case_old including defaults)',
      'insert into case_numbered select * from case_old',
    ),
  ),
]
