/** What keeps a probe's answer from being one, in words; `undefined` when it is sound. Plugins may be plain JavaScript. */
export function findResultProblem(result: unknown): string | undefined {
  if (typeof result !== 'object' || result === null || !('available' in result))
    return 'answers its probe without "available"'
  if (!hasList(result, 'attempts')) return 'answers its probe without a list of "attempts"'
  if (result.available !== true) return 'chosen' in result ? undefined : 'answers its probe without "chosen"'
  const missing = lists.find((field) => !hasList(result, field))
  if (missing !== undefined) return `answers its probe without a list of "${missing}"`
  const text = texts.find((field) => typeof toField(result, field) !== 'string')
  if (text !== undefined) return `answers its probe without a text "${text}"`
  const provides = toField(result, 'provides')
  const tokens = Array.isArray(provides) ? provides.map((capability) => toField(capability, 'token')) : []
  if (tokens.some((token) => typeof token !== 'symbol')) return 'claims to provide something that is no capability'
  return new Set(tokens).size === tokens.length ? undefined : 'claims to provide a capability twice'
}

function hasList(result: object, field: string): boolean {
  return Array.isArray(toField(result, field))
}

function toField(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null && field in value ? value[field as keyof typeof value] : undefined
}

const lists = ['provides', 'absent', 'refuses', 'notes'] as const
const texts = ['version', 'endpoint'] as const
