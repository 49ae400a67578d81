import { type Answer, jsonAnswer } from './http-answer.ts';

const NO_STORE = { 'cache-control': 'no-store' };

/** The process answers. */
export function answerLiveness(): Answer {
  return { ...jsonAnswer(200, { alive: true }), headers: NO_STORE };
}

/** Whether requests can be served, and nothing about why not. */
export async function answerReadiness(ready: () => Promise<boolean>): Promise<Answer> {
  const isReady = await ready().catch(() => false);
  return { ...jsonAnswer(isReady ? 200 : 503, { ready: isReady }), headers: NO_STORE };
}
