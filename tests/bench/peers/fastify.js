// A JSON poll with Fastify: the cookie is checked, one hash is read.

const { redis, port, userOf } = require('./kit');

const app = require('fastify')();

app.get('/poll', async (request, reply) => {
  const user = userOf(request.headers.cookie);
  if (!user) return reply.code(401).send({ error: 'Log in.' });
  return redis.hgetall(`user:{${user}}:stats`);
});

app.listen({ host: '127.0.0.1', port });
