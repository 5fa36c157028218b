// Calls of a client that openapi-typescript made; compiled and run by test_generated_clients.py.

import createClient from "openapi-fetch";
import type { components, paths } from "./api";

const url = process.env.AIRA_URL ?? "";
const aira = createClient<paths>({
  baseUrl: url,
  headers: { Authorization: `Bearer ${process.env.AIRA_KEY}` },
});
const userId = "maya-typescript";
const query = { userId };

function check(holds: boolean, what: unknown): asserts holds {
  if (!holds) throw new Error(JSON.stringify(what));
}

async function withAKey(): Promise<void> {
  const day = await aira.POST("/api/login", { params: { query } });
  check(day.data?.data.days_active === 1, day.error);
  const header = { "Idempotency-Key": "evening" };
  for (const score of [8.5, 8.5]) {
    const saved = await aira.PATCH("/api/mood", { params: { query, header }, body: { score } });
    const stats: components["schemas"]["Stats"] | undefined = saved.data?.data;
    check(stats?.mood_score === score, saved.error);
  }
  const moods = await aira.GET("/api/mood", { params: { query } });
  check(moods.data?.history.length === 1 && moods.data.history[0]?.note === undefined, moods);
  const plan = await aira.PATCH("/api/plan", { params: { query }, body: { plan: "Plus" } });
  check(plan.data?.data.plan === "Plus", plan.error);
  const given = await aira.GET("/api/entitlements", { params: { query } });
  check(given.data?.limits.daily_conversations !== null, given.error);
  const stats = await aira.GET("/api/dashboard", { params: { query } });
  check(stats.data?.data.streak === 1, stats.error);
}

async function conversations(): Promise<void> {
  const messages = [{ role: "user", content: "Hello" }];
  const body = { chatId: "c1", messages };
  const saved = await aira.POST("/api/chat/save", { params: { query }, body });
  check(saved.data?.messageCount === 1, saved.error);
  const listed = await aira.GET("/api/chat", { params: { query } });
  check(listed.data?.chats[0]?.chatId === "c1", listed.error);
  await aira.POST("/api/chat/save", { params: { query }, body: { chatId: "c2", messages } });
  const first = await aira.GET("/api/chat", { params: { query: { userId, limit: 1 } } });
  const cursor = first.data?.nextCursor ?? "";
  const last = await aira.GET("/api/chat", { params: { query: { userId, limit: 1, cursor } } });
  check(last.data?.chats[0]?.chatId === "c1" && !last.data.nextCursor, last);
  const path = { chatId: "c1" };
  const whole = await aira.GET("/api/chat/{chatId}", { params: { query, path } });
  check(whole.data?.messages.length === 1, whole.error);
  const gone = await aira.DELETE("/api/chat/{chatId}", { params: { query, path } });
  check(gone.data?.success === true, gone.error);
}

async function users(): Promise<void> {
  const path = { userId };
  const link = await aira.POST("/api/users/{userId}/link", { params: { path } });
  check(link.data?.url.startsWith(`${url}/login/link/`) === true, link.error);
  const email = "nobody@example.com";
  const nobody = await aira.GET("/api/users", { params: { query: { email } } });
  check(nobody.error?.code === "not_found" && nobody.error.field === undefined, nobody);
  const delivery = await aira.POST("/api/webhooks/stripe", {
    params: { header: { "Stripe-Signature": "none" } },
    body: { id: "evt_1", type: "x" },
  });
  check(delivery.response.status === 400, delivery);
  const gone = await aira.DELETE("/api/users/{userId}", { params: { path } });
  check(gone.data?.success === true, gone.error);
}

await withAKey();
await conversations();
await users();
console.log("done");
