/** Every error a client can be answered with: HTTP status when it stops a request before execution, and its sentence in Chinese and English. */
export const ERRORS = {
  GRAPHQL_PARSE_FAILED: { status: 400, zh: '查询语句无法解析', en: 'the document is not GraphQL' },
  GRAPHQL_VALIDATION_FAILED: { status: 400, zh: '查询与数据目录不符', en: 'the operation does not fit the schema' },
  BAD_USER_INPUT: { status: 400, zh: '输入有误', en: 'an argument or variable is not valid' },
  UNAUTHENTICATED: { status: 401, zh: '身份凭证无效', en: 'the token that was presented is not valid' },
  FORBIDDEN: { status: 403, zh: '无权进行此操作', en: 'this audience may not do this' },
  PURPOSE_REQUIRED: { status: 403, zh: '须在 Hub-Purpose 中说明查询用途', en: 'a purpose has to be stated in the header Hub-Purpose' },
  VOUCHER_INVALID: { status: 403, zh: '授权凭证不可用', en: 'the voucher that was presented cannot be used' },
  UNAUTHORIZED_FIELD_OR_TYPE: {
    status: 200,
    zh: '无权查看该字段',
    en: 'the field is closed for this caller (only with Hub-Withheld: errors)',
  },
  NOT_FOUND: { status: 200, zh: '记录不存在', en: 'there is no such thing for this caller' },
  CONFLICT: { status: 200, zh: '记录已被他人更新', en: 'the thing has moved on to another version' },
  INVALID_TRANSITION: { status: 200, zh: '当前状态不允许此操作', en: 'the state of the thing does not allow this' },
  LIMIT_EXCEEDED: { status: 400, zh: '超出查询限制', en: 'the operation is larger than allowed' },
  RATE_LIMITED: { status: 429, zh: '请求过于频繁', en: 'too many requests' },
  DOWNSTREAM_SERVICE_ERROR: { status: 200, zh: '子系统暂不可用', en: 'a subgraph did not answer' },
  STORE_UNAVAILABLE: { status: 503, zh: '数据存储暂不可用', en: 'the store did not answer' },
  INTERNAL_SERVER_ERROR: { status: 500, zh: '系统内部错误', en: 'a defect of the hub; the incident id finds it in the log' },
} as const satisfies Record<string, { status: number; zh: string; en: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** What a caller can act on. Everything else that is thrown is a defect and is answered as INTERNAL_SERVER_ERROR. */
export class HubError extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
