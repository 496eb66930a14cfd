// The data set: five years of flights between 40 airports, made by a generator with a fixed seed.

const AIRPORTS = `ATL Atlanta 33.64 -84.43 95|LAX Los_Angeles 33.94 -118.41 80|ORD Chicago 41.98 -87.90 78|DFW Dallas 32.90 -97.04 76
DEN Denver 39.86 -104.67 72|JFK New_York 40.64 -73.78 70|SFO San_Francisco 37.62 -122.38 60|SEA Seattle 47.45 -122.31 52
MIA Miami 25.79 -80.29 48|BOS Boston 42.36 -71.01 45|PHX Phoenix 33.43 -112.01 44|MSP Minneapolis 44.88 -93.22 38
YYZ Toronto 43.68 -79.63 46|MEX Mexico_City 19.44 -99.07 44|GRU São_Paulo -23.44 -46.47 40|BOG Bogotá 4.70 -74.15 34
LHR London 51.47 -0.45 79|CDG Paris 49.01 2.55 70|AMS Amsterdam 52.31 4.76 66|FRA Frankfurt 50.03 8.57 64
MAD Madrid 40.47 -3.56 56|FCO Rome 41.80 12.24 42|ZRH Zürich 47.46 8.55 32|VIE Vienna 48.11 16.57 30
CPH Copenhagen 55.62 12.65 30|HEL Helsinki 60.32 24.96 22|IST Istanbul 41.28 28.75 68|DXB Dubai 25.25 55.36 84
DOH Doha 25.27 51.61 42|DEL Delhi 28.57 77.10 66|BOM Mumbai 19.09 72.87 50|SIN Singapore 1.36 103.99 64
BKK Bangkok 13.69 100.75 60|HKG Hong_Kong 22.31 113.92 62|PVG Shanghai 31.14 121.81 66|HND Tokyo 35.55 139.78 82
ICN Seoul 37.46 126.44 64|SYD Sydney -33.95 151.18 40|JNB Johannesburg -26.14 28.25 24|CAI Cairo 30.12 31.41 24`;

const CARRIERS = 'Aurora,Borealis,Cirrus,Delphin,Equator,Falcon,Gulfwind,Horizon'.split(',');
const FLIGHTS_TO = 6;
const DAYS = 1826;

const punctuality = (carrier) => 0.7 + ((CARRIERS.indexOf(carrier) * 5) % 8) / 6;

export const FLIGHTS = 150_000;

export const airports = AIRPORTS.split(/[|\n]/).map((line) => {
  const [code, city, lat, lon, weight] = line.split(' ');
  return { code, city: city.replace('_', ' '), lat: Number(lat), lon: Number(lon), weight: Number(weight) };
});

/** mulberry32: the same numbers on every machine. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Kilometres along the great circle. */
function distance(a, b) {
  const radians = (degrees) => (degrees * Math.PI) / 180;
  const chord =
    Math.sin(radians(b.lat - a.lat) / 2) ** 2 +
    Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * Math.sin(radians(b.lon - a.lon) / 2) ** 2;
  return Math.round(12742 * Math.asin(Math.sqrt(chord)));
}

/** From each airport to a few that are busy or near; every route is flown both ways. */
const outbound = airports.flatMap((from) =>
  airports
    .filter((to) => to !== from)
    .map((to) => ({ from, to, km: distance(from, to) }))
    .sort((a, b) => a.km ** 0.7 / a.to.weight - b.km ** 0.7 / b.to.weight)
    .slice(0, FLIGHTS_TO),
);

const has = (from, to) => outbound.some((route) => route.from === from && route.to === to);
const inbound = outbound
  .filter(({ from, to }) => !has(to, from))
  .map(({ from, to, km }) => ({ from: to, to: from, km }));
const routes = [...outbound, ...inbound];

/** Rows of: day, carrier, from, to, km, minutes late, seats, passengers. */
function* generate() {
  const random = generator(20_260_101);
  const busy = routes.flatMap((route) => new Array(Math.ceil(route.from.weight / 12)).fill(route));
  for (let i = 0; i < FLIGHTS; i++) {
    const day = Math.floor((i / FLIGHTS) * DAYS);
    const { from, to, km } = busy[Math.floor(random() * busy.length)];
    const carrier = CARRIERS[Math.floor(random() ** 1.6 * CARRIERS.length)];
    const winter = 1 + 0.6 * Math.cos((day / 365.25) * 2 * Math.PI) * Math.sign(from.lat);
    const late = Math.round(-8 + winter * 9 * -Math.log(1 - random()) * punctuality(carrier));
    const seats = km > 5000 ? 310 : km > 1500 ? 180 : 120;
    const passengers = Math.round(seats * (0.62 + 0.38 * random()));
    yield [day, carrier, from.code, to.code, km, late, seats, passengers];
  }
}

/** Made before either engine is timed, so that neither pays for the generator. */
export const flights = [...generate()];
