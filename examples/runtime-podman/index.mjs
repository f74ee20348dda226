import { compatiblePlugin, parseEndpoint, podmanProduct } from '@capstan/runtime-docker/compatible'
import { servePodman } from './serve-podman.mjs'

/**
 * The plugin for Podman, which has Docker's API. It uses the endpoint of CONTAINER_HOST, otherwise a usual socket of Podman,
 * otherwise a service that it starts.
 */
export const plugin = compatiblePlugin({
  name: 'podman',
  accepts: [podmanProduct],
  endpointVariable: 'CONTAINER_HOST',
  find: ({ env, system }) => {
    if (env.CONTAINER_HOST)
      return { chosen: true, candidates: [toCandidate(env.CONTAINER_HOST, { source: 'CONTAINER_HOST', env })] }
    const sockets = findSockets(env, system).map((path) =>
      toCandidate(`unix://${path}`, { source: 'socket of Podman', env }),
    )
    return { chosen: false, candidates: [...sockets, toOwnService(env)] }
  },
})

/**
 * @param {string} url
 * @param {{ readonly source: string, readonly env: Readonly<Record<string, string | undefined>> }} options
 */
function toCandidate(url, { source, env }) {
  return parseEndpoint(url, { source, env })
}

/**
 * Returns the paths of the sockets of the systemd unit `podman.socket` for the user and for the system, or on macOS those of
 * `podman machine`.
 *
 * @param {Readonly<Record<string, string | undefined>>} env
 * @param {import('@capstan/runtime-docker/compatible').LocalMachine} system
 */
function findSockets({ XDG_RUNTIME_DIR, TMPDIR = '/tmp' }, { platform, home }) {
  if (platform === 'darwin') {
    const machine = `${home}/.local/share/containers/podman/machine`
    return [`${machine}/podman.sock`, `${machine}/qemu/podman.sock`, `${TMPDIR}/podman/podman-machine-default-api.sock`]
  }
  return [...(XDG_RUNTIME_DIR ? [`${XDG_RUNTIME_DIR}/podman/podman.sock`] : []), '/run/podman/podman.sock']
}

/**
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {import('@capstan/runtime-docker/compatible').EndpointCandidate}
 */
function toOwnService(env) {
  const url = 'podman system service'
  return { source: 'this plugin', endpoint: { url, address: { type: 'service', start: servePodman(env) } } }
}
