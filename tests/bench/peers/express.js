// A JSON poll with Express: the cookie is checked, one hash is read.

const { redis, port, userOf } = require('./kit');

const app = require('express')();

app.get('/poll', async (request, response) => {
  const user = userOf(request.headers.cookie);
  if (!user) return response.status(401).json({ error: 'Log in.' });
  return response.json(await redis.hgetall(`user:{${user}}:stats`));
});

app.listen(port, '127.0.0.1');
