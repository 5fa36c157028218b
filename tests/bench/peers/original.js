// The logic of the system that this one replaces, on a bare Node server: several commands, one
// after the other, for each poll, the last of them a write.

const { createServer } = require('node:http');
const { redis, port, userOf } = require('./kit');

async function poll(user) {
  const stats = await redis.hgetall(`user:{${user}}:stats`);
  const lastLogin = await redis.get(`user:{${user}}:last_login`);
  const moods = await redis.lrange(`user:{${user}}:moods`, -30, -1);
  await redis.set(`seen:{${user}}`, Date.now());
  return { success: true, data: { ...stats, lastLogin, moods } };
}

createServer(async (request, response) => {
  const user = userOf(request.headers.cookie);
  const answer = user ? await poll(user) : { error: 'Log in.' };
  response.writeHead(user ? 200 : 401, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(answer));
}).listen(port, '127.0.0.1');
