/** A statement with parameters on the table `t` of the test. */
export interface Pair {
  readonly sql: string
  readonly values: readonly unknown[]
}

const on = (sql: string, ...lists: readonly (readonly unknown[])[]): readonly Pair[] =>
  lists.map((values) => ({ sql, values }))

/** Statements whose parameters mean the same when they are written as literals. */
export const PAIRS: readonly Pair[] = [
  ...on('insert into t (i) values ($1) returning i', [5], [-5], ['7'], [null], [2_147_483_648], ['x'], [1.5], [true]),
  ...on('insert into t (b) values ($1) returning b', [10n], [2n ** 62n], [-1n]),
  ...on('insert into t (n) values ($1) returning n', [0.1], [1e21], ['1.10'], [Number.NaN], [Infinity], [-0]),
  ...on('insert into t (f) values ($1) returning f', [0.1 + 0.2], [5e-324], [Infinity], [Number.NaN]),
  ...on(
    'insert into t (s) values ($1) returning s, length(s)',
    [''],
    ["it's"],
    ["''"],
    ['a\\b'],
    ['\\'],
    ["\\'; drop table t; --"],
    ['$1 $2'],
    ['😀 ü'],
    ['line\nline\r\ttab'],
    ['-- no comment'],
    ['/* nor this */'],
    ['E\\n'],
    [5],
    [{ a: 1 }],
  ),
  ...on('insert into t (v) values ($1) returning v', ['abc'], ['longer than that']),
  ...on('insert into t (c) values ($1) returning c', ['a']),
  ...on(
    'insert into t (y) values ($1) returning y',
    [Buffer.from([0, 39, 92, 255])],
    [Buffer.alloc(0)],
    [new Uint8Array([1])],
  ),
  ...on('insert into t (a) values ($1) returning a', [[1, 2]], [[]], [[null, 3]], [['x']]),
  ...on('insert into t (w) values ($1) returning w', [['a"b', "c'd", 'e\\f', '', 'NULL', null]], [[['a'], ['b']]]),
  ...on('insert into t (j) values ($1) returning j', [{ a: [1, null], s: 'it\'s \\ "q"' }], ['[1]'], ['{'], ['"x"']),
  ...on(
    'insert into t (z) values ($1) returning z',
    [new Date(0)],
    [new Date(Date.UTC(-50, 0))],
    ['infinity'],
    ['no date'],
  ),
  ...on('insert into t (d) values ($1) returning d', [new Date(Date.UTC(2024, 1, 29))], ['2024-02-30']),
  ...on('insert into t (o) values ($1) returning o', [true], ['off'], [0]),
  ...on('insert into t (u) values ($1) returning u', ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'], ['none']),
  ...on('insert into t (e) values ($1) returning e', ['sad'], ['unheard-of']),
  ...on('insert into t (i, s) values ($2, $1) returning i, s', ['a', 1], [null, null]),
  ...on("insert into t (i, s) select i, $1 from t where i = $2 and s = '$1' returning s", ['x', 1]),
  ...on('update t set s = $1, i = $2 where i = $3 returning i, s', ['new', 9, 1], [null, null, 1]),
  ...on('update t set i = i + $1 where i = 1 returning i', [3], ['4'], ['x']),
  ...on('delete from t where i = any($1) returning i', [[1, 2]], ['{1}']),
  ...on('delete from t where s like $1 returning s', ['o%'], ['100\\%']),
  ...on('delete from t where i in ($1, $2) returning i', [1, 2]),
  ...on('select s from t where ($1::text is null or s = $1) order by s', ['one'], [null]),
  ...on('select $1::int + 1 as x, $1::text as y', [5], ['6']),
  ...on('select $1::jsonb -> $2 as x', [{ a: 5 }, 'a']),
  ...on('select cast($1 as timestamptz) as x', [new Date(86_400_000)]),
  ...on("select '$1' as a, $q$ $1 $q$ as b, $1::text as c -- $1", ['x']),
  ...on('select /* $1 /* $1 */ */ $1::text as "$1"', ['x']),
  ...on('select i from t order by i limit $1 offset $2', [1, 1]),
  ...on('select coalesce(s, $1) as x from t order by i', ['none']),
  ...on('select case when i = $1 then $2 else s end as x from t order by i', [1, 'first']),
  ...on('select i between $1 and $2 as x from t order by i', [1, 1]),
  ...on('select s || $1 as x, $1 || s as y from t order by i', ['!']),
  ...on('select make_interval(days => $1) as x', [5]),
  ...on('select to_char(z, $1) as x from t order by i', ['YYYY']),
  ...on('select array[$1, $2]::int[] as x', [1, 2]),
  ...on('select row($1::int, $2::text) as x', [1, 'a']),
  ...on('insert into t (i, s) values ($1, $2) on conflict (i) do update set s = excluded.s || $3 returning s', [
    1,
    'a',
    'b',
  ]),
  ...on('with x as (select $1::int as i) select t.s from t join x using (i)', [1]),
  ...on(
    'merge into t using (values ($1::int)) as x (i) on x.i = t.i when matched then update set s = $2 returning t.s',
    [1, 'm'],
  ),
]
