import { userInfo } from 'node:os'
import { type Capability, defineCapability } from './capability.js'

/** Environment variables by name. The host gives them to runtimes and features in place of `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Registered by the host in every scope: the environment that a feature reads instead of `process.env`. */
export const hostEnvironmentCapability: Capability<Environment> = defineCapability({
  id: 'host-environment',
  title: "the host's environment",
})

/**
 * The user's home directory in this environment: HOME, on Windows USERPROFILE, else the one of the user database, else
 * `/`. Unlike `os.homedir()`, it does not read the environment of the process.
 */
export function findHomeDirectory(env: Environment, platform: NodeJS.Platform = process.platform): string {
  const given = platform === 'win32' ? env.USERPROFILE : env.HOME
  if (given) return given
  try {
    return userInfo().homedir || '/'
  } catch {
    // A user id without an entry in the user database has no home.
    return '/'
  }
}

/**
 * The directory for temporary files in this environment, chosen as `os.tmpdir()` chooses it in that of the process:
 * TMPDIR, TMP or TEMP, else `/tmp`; on Windows TEMP or TMP, else `temp` in the system's directory.
 */
export function findTemporaryDirectory(env: Environment, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') {
    const system = env.SystemRoot || env.windir || 'C:\\Windows'
    return trimEnd(env.TEMP || env.TMP || `${system}\\temp`, /(?<!:)\\$/)
  }
  return trimEnd(env.TMPDIR || env.TMP || env.TEMP || '/tmp', /(?<=.)\/$/)
}

function trimEnd(path: string, separator: RegExp): string {
  return path.replace(separator, '')
}
