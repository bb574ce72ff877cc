import { addCheckConstraint } from '../../../../src/migrations/risk/rules/add-check-constraint.ts'
import { addExclusionConstraint } from '../../../../src/migrations/risk/rules/add-exclusion-constraint.ts'
import { addForeignKey } from '../../../../src/migrations/risk/rules/add-foreign-key.ts'
import { addPrimaryKey } from '../../../../src/migrations/risk/rules/add-primary-key.ts'
import { addUniqueConstraint } from '../../../../src/migrations/risk/rules/add-unique-constraint.ts'
import { alterDomainAddConstraint } from '../../../../src/migrations/risk/rules/alter-domain-add-constraint.ts'
import { attachPartition } from '../../../../src/migrations/risk/rules/attach-partition.ts'
import { backfillInMigration } from '../../../../src/migrations/risk/rules/backfill-in-migration.ts'
import { createIndexBlocking } from '../../../../src/migrations/risk/rules/create-index-blocking.ts'
import { createPartitionOf } from '../../../../src/migrations/risk/rules/create-partition-of.ts'
import { createTrigger } from '../../../../src/migrations/risk/rules/create-trigger.ts'
import { detachPartitionBlocking } from '../../../../src/migrations/risk/rules/detach-partition-blocking.ts'
import { dropIndexBlocking } from '../../../../src/migrations/risk/rules/drop-index-blocking.ts'
import { explicitLock } from '../../../../src/migrations/risk/rules/explicit-lock.ts'
import { refreshMatviewBlocking } from '../../../../src/migrations/risk/rules/refresh-matview-blocking.ts'
import { reindexBlocking } from '../../../../src/migrations/risk/rules/reindex-blocking.ts'
import { setNotNull } from '../../../../src/migrations/risk/rules/set-not-null.ts'
import { validateInSameTransaction } from '../../../../src/migrations/risk/rules/validate-in-same-transaction.ts'
import { testRules } from './found-in.ts'

const NEW = 'create table n (id int, p_id int); '

testRules([
  [
    setNotNull,
    [
      'alter table t alter c set not null',
      'alter table t add constraint given not null c',
      'alter table t add x int default 1; alter table t alter x set not null',
      'alter table t add x int generated always as (n + 1) virtual not null',
      'alter table t add check (c is not null) not valid; alter table t alter c set not null',
      'alter table t add check (c is not null or d is not null); alter table t alter c set not null',
    ],
    [
      'alter table t add x int not null default 1',
      'alter table t add constraint given not null c not valid',
      'alter table t alter c drop not null',
      'alter table t add check (c is not null); alter table t alter c set not null',
      'alter table t add constraint g check (c is not null and c > 0) not valid; alter table t validate constraint g; alter table t alter c set not null',
      `${NEW}alter table n alter id set not null`,
    ],
  ],
  [
    addCheckConstraint,
    [
      'alter table t add check (n > 0)',
      'alter table t add constraint positive check (n > 0)',
      'alter table t add x int check (x > 0)',
      'alter table t add x int constraint positive check (x > 0), add y int',
    ],
    [
      'alter table t add constraint positive check (n > 0) not valid',
      'alter table t add constraint positive check (n > 0) not enforced',
      'alter table t add x int check (x > 0) not enforced default 1',
      'create table n (id int check (id > 0))',
      `${NEW}alter table n add check (id > 0)`,
    ],
  ],
  [
    addForeignKey,
    [
      'alter table t add foreign key (p_id) references p',
      'alter table t add constraint fk foreign key (p_id) references p (id) on delete cascade',
      'alter table t add x int default 1 references p',
      'alter table t add x int default null references p',
      'alter table t alter constraint fk enforced',
      `${NEW}insert into n values (1, 1); alter table n add foreign key (p_id) references p`,
    ],
    [
      'alter table t add foreign key (p_id) references p not valid',
      'alter table t add foreign key (p_id) references p not enforced',
      'alter table t add x int references p',
      'alter table t add x int default 1 references p not enforced',
      'alter table t alter constraint fk deferrable',
      'create table n (p_id int references p)',
      `${NEW}alter table n add foreign key (p_id) references p`,
    ],
  ],
  [
    validateInSameTransaction,
    [
      'alter table t add constraint c check (n > 0) not valid; alter table t validate constraint c',
      'alter table t add constraint c check (n > 0) not valid, validate constraint c',
      'alter table t add constraint c foreign key (p_id) references p not valid; alter table t validate constraint c',
      'alter table t add x int; alter table t validate constraint older',
      'create trigger x after insert on t execute function f(); alter table t validate constraint older',
    ],
    [
      'alter table t validate constraint c',
      'alter table u add x int; alter table t validate constraint c',
      'alter table t set (fillfactor = 70); alter table t validate constraint c',
      'alter table t add x int; vacuum t; alter table t validate constraint c',
    ],
  ],
  [
    addUniqueConstraint,
    [
      'alter table t add unique (a, b)',
      'alter table t add constraint u unique nulls not distinct (a)',
      'alter table t add x int unique',
    ],
    [
      'alter table t add constraint u unique using index t_a',
      'create table n (a int unique)',
      `${NEW}alter table n add unique (id)`,
    ],
  ],
  [
    addPrimaryKey,
    ['alter table t add primary key (id)', 'alter table t add id bigint generated always as identity primary key'],
    [
      'alter table t add primary key using index t_id',
      'create table n (id int primary key)',
      'alter table t add unique (id)',
    ],
  ],
  [
    addExclusionConstraint,
    ['alter table t add exclude using gist (during with &&)'],
    [
      `${NEW}alter table n add exclude using gist (id with =)`,
      'create table n (during tsrange, exclude using gist (during with &&))',
    ],
  ],
  [
    createIndexBlocking,
    [
      'create index on t (n)',
      'create unique index t_n on billing.t (n) where n > 0',
      'create index if not exists t_n on t (n)',
    ],
    [
      'create index concurrently t_n on t (n)',
      'create index on only t (n)',
      `${NEW}create index on n (id)`,
      'create temp table n (id int); create index on n (id)',
    ],
  ],
  [
    dropIndexBlocking,
    ['drop index t_n', 'drop index if exists t_n, billing.u_n'],
    ['drop index concurrently t_n', 'drop table t', `${NEW}create index i on n (id); drop index i`],
  ],
  [
    reindexBlocking,
    ['reindex table t', 'reindex index t_n', 'reindex schema billing', 'reindex database'],
    ['reindex table concurrently t', 'reindex (concurrently, verbose) index t_n', `${NEW}reindex table n`],
  ],
  [
    attachPartition,
    ['alter table p attach partition p1 for values in (1)', 'alter table p attach partition p1 default'],
    [
      'create table p1 (id int); alter table p attach partition p1 for values in (1)',
      'alter table p detach partition p1',
    ],
  ],
  [
    createPartitionOf,
    ['create table p1 partition of p for values in (1)', 'create table p1 partition of p default'],
    [
      'create table p (id int) partition by list (id); create table p1 partition of p default',
      'create table n () inherits (t)',
      'create table n (id int)',
    ],
  ],
  [
    detachPartitionBlocking,
    ['alter table p detach partition p1'],
    ['alter table p detach partition p1 concurrently', 'alter table p detach partition p1 finalize'],
  ],
  [
    refreshMatviewBlocking,
    ['refresh materialized view m', 'refresh materialized view m with data'],
    [
      'refresh materialized view concurrently m',
      'refresh materialized view m with no data',
      'create materialized view m as select 1; refresh materialized view m',
    ],
  ],
  [
    alterDomainAddConstraint,
    [
      'alter domain d add check (value > 0)',
      'alter domain d set not null',
      'alter domain d add not null',
      'alter domain d validate constraint c',
    ],
    [
      'alter domain d add check (value > 0) not valid',
      'alter domain d drop not null',
      'alter domain d set default 1',
      'create domain d as int; alter domain d add check (value > 0)',
    ],
  ],
  [
    createTrigger,
    [
      'create trigger x before insert on t for each row execute function f()',
      'create or replace trigger x after update on t execute function f()',
    ],
    [
      `${NEW}create trigger x before insert on n for each row execute function f()`,
      'create event trigger x on ddl_command_start execute function f()',
    ],
  ],
  [
    explicitLock,
    ['lock table t', 'lock t, u in share mode', 'lock only t in exclusive mode nowait'],
    [
      'lock t in row exclusive mode',
      'lock t in access share mode',
      'lock t in share update exclusive mode',
      `${NEW}lock n`,
    ],
  ],
  [
    backfillInMigration,
    [
      'alter table t add x int; update t set x = 1',
      'alter table t add x int, add y int; update t set x = n, y = n where n > 0',
      'alter table t add x int; with done as (update t set x = 1 returning n) select count(*) from done',
    ],
    ['update t set x = 1', 'alter table t add x int; update t set x = 1, n = 2', `${NEW}update n set id = 1`],
  ],
])
