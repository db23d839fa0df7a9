// The routes of ROUTES.md on Node's ws. Prints `ready PORT`; ends when standard input closes.
'use strict';

const http = require('http');
const { WebSocketServer } = require('ws');

const LIMIT = 64 * 1024 * 1024;
const SUBPROTOCOLS = ['v2.hawser.test', 'v1.hawser.test'];
const ROUTES = ['echo', 'count', 'drop', 'close', 'fragments', 'big'];

const pattern = (size) => Buffer.alloc(size).map((_, index) => index % 251);

const sendNumbered = (socket, count) => {
  for (let number = 1; number <= count; number++) socket.send(`{"n":${number}}`);
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
    sendNumbered(socket, count);
    stream.end();
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
};

const sockets = new WebSocketServer({
  noServer: true,
  maxPayload: LIMIT,
  handleProtocols: (offered) => SUBPROTOCOLS.find((name) => offered.has(name)) || false,
});

const refuse = (stream, status, fields, text) => {
  stream.end(`HTTP/1.1 ${status}\r\n${fields}Connection: close\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
};

const server = http.createServer((request, response) => {
  response.writeHead(426, { 'Content-Type': 'text/plain' });
  response.end('WebSocket only\n');
});

server.on('upgrade', (request, stream, head) => {
  const [, route, argument] = request.url.split('/');
  if (route === 'busy') return refuse(stream, '503 Service Unavailable', 'Retry-After: 7\r\n', 'come back later\n');
  if (!ROUTES.includes(route)) return refuse(stream, '404 Not Found', '', 'no such route\n');
  sockets.handleUpgrade(request, stream, head, (socket) => {
    socket.on('error', () => {});
    handle[route](socket, Number(argument), stream);
  });
});

server.listen(0, '127.0.0.1', () => console.log(`ready ${server.address().port}`));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
