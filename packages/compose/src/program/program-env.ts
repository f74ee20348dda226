import type { Environment } from '@capstan/core/plugin'

/** Returns the variables of the host's environment that every program needs. All others could change what Compose does. */
export function toProgramEnv(env: Environment): Record<string, string> {
  return Object.fromEntries(
    inherited.flatMap((name) => {
      const value = env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

/** PATH for helpers of credentials, DOCKER_CONFIG and HOME for credentials, the others for temporary files and Windows. */
const inherited = [
  ...['PATH', 'HOME', 'DOCKER_CONFIG', 'TMPDIR', 'TMP', 'TEMP', 'XDG_RUNTIME_DIR'],
  ...['SystemRoot', 'USERPROFILE', 'APPDATA', 'LOCALAPPDATA', 'ProgramData', 'ProgramFiles', 'PATHEXT', 'ComSpec'],
]
