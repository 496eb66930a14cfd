// The questions that the demo asks: one of each kind of work a database does.

export const SCHEMA = `
  create table airports (code text primary key, city text, lat real, lon real);
  create table flights (id integer primary key, day text, carrier text, origin text, dest text,
    km integer, late integer, seats integer, passengers integer);`;

export const INDEX = 'create index by_origin on flights (origin, dest); analyze;';

export const QUERIES = [
  {
    kind: 'aggregate',
    title: 'Which airline is late?',
    bar: 'late ≥ 30 min %',
    sql: `select carrier as airline, count(*) as flights, round(avg(late), 1) as 'mean delay, min',
        round(100.0 * sum(passengers) / sum(seats), 1) as 'load %',
        round(100.0 * sum(late >= 30) / count(*), 1) as 'late ≥ 30 min %'
      from flights group by carrier order by 5 desc`,
  },
  {
    kind: 'join',
    title: 'The busiest routes, both ways together',
    bar: 'passengers',
    sql: `select a.city || ' ⇄ ' || b.city as route, count(*) as flights, sum(f.passengers) as passengers, f.km
      from flights f
      join airports a on a.code = min(f.origin, f.dest)
      join airports b on b.code = max(f.origin, f.dest)
      group by a.code, b.code order by passengers desc limit 8`,
  },
  {
    kind: 'window',
    title: 'Each year, the three busiest airports, and the change of their rank',
    bar: 'departures',
    sql: `with yearly as (
        select substr(day, 1, 4) as year, origin, count(*) as n from flights group by 1, 2),
      ranked as (select year, origin, n, rank() over (partition by year order by n desc) as place from yearly),
      moved as (select *, lag(place) over (partition by origin order by year) - place as up from ranked)
      select year, place, city, n as departures,
        case when up is null then '' when up > 0 then '▲' || up when up < 0 then '▼' || -up else '=' end as moved
      from moved join airports on code = origin where place <= 3 order by year, place`,
  },
  {
    kind: 'recursive',
    title: 'From Helsinki to Sydney: the shortest ways, found by walking the network',
    bar: 'km',
    sql: `with recursive
      hops as (select origin, dest, min(km) as km from flights group by origin, dest),
      trips(at, path, stops, km) as (
        select 'HEL', 'HEL', 0, 0
        union all
        select dest, path || ' → ' || dest, stops + 1, trips.km + hops.km
        from trips join hops on hops.origin = trips.at
        where stops < 6 and at <> 'SYD' and instr(path, dest) = 0 and trips.km + hops.km < 19000)
      select path as way, stops - 1 as stops, km from trips where at = 'SYD' order by km limit 5`,
  },
  {
    kind: 'text',
    title: 'The worst winter days, and where the longest waits were',
    bar: 'over an hour',
    sql: `select day, count(*) as flights, max(late) as 'worst, min',
        sum(late > 60) as 'over an hour', group_concat(distinct case when late > 120 then origin end) as 'where it hurt'
      from flights where day like '____-01-%' or day like '____-12-%'
      group by day order by 4 desc, day limit 6`,
  },
];
