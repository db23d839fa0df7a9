// The routes of ROUTES.md on Node's ws. Prints `ready PORT`; ends when standard input closes.
'use strict';

const http = require('http');
const zlib = require('zlib');
const { WebSocketServer } = require('ws');

const LIMIT = 64 * 1024 * 1024;
const SUBPROTOCOLS = ['v2.hawser.test', 'v1.hawser.test'];
const ROUTES = ['echo', 'count', 'drop', 'close', 'fragments', 'big', 'compressed', 'bomb', 'wire'];

const PROSE = Buffer.from(
  Array.from({ length: 500 }, (_, i) => `line ${i + 1} of ${(i + 1) * (i + 1)} costs ${(i + 1) % 7} \u20ac\n`).join('')
);
const PIECE = 997;

// A binary message of about 1 MiB that inflates to 1 GiB of zeros. A full flush forgets the history, so that the same
// bytes again are the next mebibyte.
const bomb = () => {
  const mebibyte = zlib.deflateRawSync(Buffer.alloc(1 << 20), { level: 9, finishFlush: zlib.constants.Z_FULL_FLUSH });
  const payload = Buffer.concat(Array(1024).fill(mebibyte)).subarray(0, -4);
  const head = Buffer.alloc(10);
  head[0] = 0xc2;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([head, payload]);
};

const pattern = (size) => Buffer.alloc(size).map((_, index) => index % 251);

const sendNumbered = (socket, count, sent = () => {}) => {
  for (let number = 1; number <= count; number++) socket.send(`{"n":${number}}`, number === count ? sent : undefined);
};

const sendFragments = (socket) => {
  const text = Buffer.from('one two thr\u20ace');
  socket.send(text.subarray(0, 4), { binary: false, fin: false });
  // The second cut is inside the euro sign.
  socket.send(text.subarray(4, 12), { binary: false, fin: false });
  socket.ping('between');
  socket.send(text.subarray(12), { binary: false, fin: true });
  for (let piece = 1; piece <= 4; piece++) socket.send(pattern(1000), { binary: true, fin: piece === 4 });
};

const handle = {
  echo: (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
  count: (socket, count) => {
    sendNumbered(socket, count);
    socket.close(1000);
  },
  drop: (socket, count, stream) => {
    // Compression is asynchronous: the stream must not end in front of it.
    sendNumbered(socket, count, () => stream.end());
  },
  close: (socket, code) => socket.close(code, 'as asked'),
  fragments: (socket) => {
    sendFragments(socket);
    socket.close(1000);
  },
  big: (socket, size) => {
    socket.send(pattern(size));
    socket.close(1000);
  },
  compressed: (socket) => {
    for (let start = 0; start < PROSE.length; start += PIECE) {
      const end = start + PIECE;
      socket.send(PROSE.subarray(start, end), { binary: false, fin: end >= PROSE.length });
      socket.ping('between');
    }
    socket.send(PROSE, { binary: false });
    socket.send('');
    socket.send(Buffer.alloc(0));
    socket.close(1000);
  },
  bomb: (socket, _, stream) => stream.write(bomb()),
  wire: (socket, _, stream) => {
    let before = stream.bytesRead;
    socket.on('message', () => {
      socket.send(`${stream.bytesRead - before}`);
      before = stream.bytesRead;
    });
  },
};

const OPTIONS = {
  server_no_context_takeover: 'serverNoContextTakeover',
  client_no_context_takeover: 'clientNoContextTakeover',
  server_max_window_bits: 'serverMaxWindowBits',
  client_max_window_bits: 'clientMaxWindowBits',
};

// permessage-deflate as the query demands it.
const deflateOptions = (query) => {
  if (query.get('deflate') === 'off') return false;
  const options = { threshold: 0 };
  for (const [name, value] of query) options[OPTIONS[name]] = value === '' ? true : Number(value);
  return options;
};

const servers = new Map();
const socketsFor = (query) => {
  const name = query.toString();
  if (!servers.has(name)) {
    servers.set(
      name,
      new WebSocketServer({
        noServer: true,
        maxPayload: LIMIT,
        perMessageDeflate: deflateOptions(query),
        handleProtocols: (offered) => SUBPROTOCOLS.find((name) => offered.has(name)) || false,
      })
    );
  }
  return servers.get(name);
};

const refuse = (stream, status, fields, text) => {
  stream.end(`HTTP/1.1 ${status}\r\n${fields}Connection: close\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
};

const server = http.createServer((request, response) => {
  response.writeHead(426, { 'Content-Type': 'text/plain' });
  response.end('WebSocket only\n');
});

server.on('upgrade', (request, stream, head) => {
  const url = new URL(request.url, 'ws://localhost');
  const [, route, argument] = url.pathname.split('/');
  if (route === 'busy') return refuse(stream, '503 Service Unavailable', 'Retry-After: 7\r\n', 'come back later\n');
  if (!ROUTES.includes(route)) return refuse(stream, '404 Not Found', '', 'no such route\n');
  socketsFor(url.searchParams).handleUpgrade(request, stream, head, (socket) => {
    socket.on('error', () => {});
    handle[route](socket, Number(argument), stream);
  });
});

server.listen(0, '127.0.0.1', () => console.log(`ready ${server.address().port}`));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
