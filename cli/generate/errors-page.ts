import { ERRORS } from '../../schema/errors.ts';

/** The table of errors as a page for integrators. */
export function errorsPage(): string {
  return [
    '# 错误代码 · Error codes',
    '',
    '本页由 `npm run generate` 从 `schema/errors.ts` 生成，请勿手改。HTTP 状态只用于执行之前即被拒绝的请求；执行中的错误以 200 返回。采用旧媒体类型 `application/json` 时，400 以 200 返回。',
    '',
    '| `extensions.code` | HTTP | 含义 | Meaning |',
    '|---|---|---|---|',
    ...Object.entries(ERRORS).map(([code, { status, zh, en }]) => `| \`${code}\` | ${status} | ${zh} | ${en} |`),
    '',
  ].join('\n');
}
