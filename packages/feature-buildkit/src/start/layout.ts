/** Where things are in a sidecar, which depends on who its daemon runs as. */
export interface Layout {
  /** A directory of the daemon's user, for the socket alone: other containers mount it. */
  readonly socketDirectory: string
  readonly socketPath: string
  readonly address: string
  /** The daemon's cache. */
  readonly stateDirectory: string
  /** The daemon, and what it is started by. */
  readonly program: readonly string[]
}

/** Of images as `moby/buildkit:v0.32.2`. */
export const rootLayout: Layout = toLayout('/run/buildkit', '/var/lib/buildkit', ['buildkitd'])

/** Of images as `moby/buildkit:v0.32.2-rootless`, whose user has the id 1000. */
export const rootlessLayout: Layout = toLayout('/run/user/1000', '/home/user/.local/share/buildkit', [
  'rootlesskit',
  'buildkitd',
])

function toLayout(socketDirectory: string, stateDirectory: string, program: readonly string[]): Layout {
  const socketPath = `${socketDirectory}/buildkitd.sock`
  return { socketDirectory, socketPath, address: `unix://${socketPath}`, stateDirectory, program }
}
