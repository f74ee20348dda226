import type { StringMap } from '../operation.js'

/**
 * Returns the home directory of an image's user: HOME of its environment, else `/home/<name>` for the name of an account
 * other than root, else `/root`.
 */
export function toImageHome({ env, user }: { readonly env: StringMap; readonly user: string }): string {
  if (env.HOME) return env.HOME
  const name = user.split(':', 1)[0] ?? ''
  if (name === 'root' || /^\d+$/.test(name) || !accountName.test(name)) return '/root'
  return `/home/${name}`
}

const accountName = /^(?![-.])[A-Za-z0-9_.-]{1,32}$/
