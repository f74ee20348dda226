/**
 * Replaces `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+instead}`, as a Dockerfile has them; `\$` stays a dollar.
 *
 * https://docs.docker.com/reference/dockerfile/#environment-replacement
 */
export function expandVariables(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(variable, (found, braced?: string, operator?: string, word = '', plain?: string) => {
    if (found === '\\$') return '$'
    const value = variables.get(braced ?? plain ?? '')
    if (operator === ':-') return value || expandVariables(word, variables)
    if (operator === ':+') return value ? expandVariables(word, variables) : ''
    return value ?? ''
  })
}

const variable = /\\\$|\$(?:\{([A-Za-z_]\w*)(?:(:[-+])([^}]*))?\}|([A-Za-z_]\w*))/g
