// What the Node peers share: the store, and whose signed session cookie came with a request.

const { createHmac, timingSafeEqual } = require('node:crypto');
const { inflateSync } = require('node:zlib');
const Redis = require('ioredis');

const redis = new Redis(process.env.SOCKET);
const port = Number(process.env.PORT);

// The cookie is Flask's own: payload.time.signature, by HMAC-SHA1 with a derived key.
const key = createHmac('sha1', process.env.SECRET_KEY).update('cookie-session').digest();

function userOf(header) {
  const cookie = /(?:^|; )session=([^;]+)/.exec(header || '');
  if (!cookie) return null;
  const cut = cookie[1].lastIndexOf('.');
  const given = Buffer.from(cookie[1].slice(cut + 1), 'base64url');
  const right = createHmac('sha1', key).update(cookie[1].slice(0, cut)).digest();
  if (given.length !== right.length || !timingSafeEqual(given, right)) return null;
  return read(cookie[1].slice(0, cookie[1].lastIndexOf('.', cut - 1)))._user_id;
}

function read(payload) {
  const packed = payload.startsWith('.');
  const bytes = Buffer.from(packed ? payload.slice(1) : payload, 'base64url');
  return JSON.parse(packed ? inflateSync(bytes) : bytes);
}

module.exports = { redis, port, userOf };
