import { userInfo } from 'node:os'
import { type Capability, defineCapability } from './capability.js'

/** Environment variables by name. Runtimes and features read this, which the host passes to them, and not `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The key of the host's environment, which the host registers in every scope. Runtimes do not provide it. */
export const hostEnvironmentCapability: Capability<Environment> = defineCapability({
  id: 'host-environment',
  title: "the host's environment",
})

/**
 * Returns the home directory of the user in this environment: HOME (USERPROFILE on Windows), else the directory of the
 * user database, else `/`. Unlike `os.homedir()`, it does not read the environment of the process.
 */
export function findHomeDirectory(env: Environment, platform: NodeJS.Platform = process.platform): string {
  const given = platform === 'win32' ? env.USERPROFILE : env.HOME
  if (given) return given
  try {
    return userInfo().homedir || '/'
  } catch {
    // A user id without an entry in the user database has no home directory.
    return '/'
  }
}

/**
 * Returns the directory for temporary files in this environment, by the rules of `os.tmpdir()`: TMPDIR, TMP or TEMP, else
 * `/tmp`; on Windows TEMP or TMP, else `temp` in the system directory.
 */
export function findTemporaryDirectory(env: Environment, platform: NodeJS.Platform = process.platform): string {
  if (platform === 'win32') {
    const system = env.SystemRoot || env.windir || 'C:\\Windows'
    return (env.TEMP || env.TMP || `${system}\\temp`).replace(/(?<!:)\\$/, '')
  }
  return (env.TMPDIR || env.TMP || env.TEMP || '/tmp').replace(/(?<=.)\/$/, '')
}
