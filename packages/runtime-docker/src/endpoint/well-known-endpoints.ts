import type { Environment } from '@capstan/core/plugin'
import type { LocalMachine } from '../engine/local-machine.js'
import { defaultPipe, defaultSocket } from './parse-endpoint.js'

/** The default socket of docker's client. */
export function toDefaultEndpoint({ platform }: Pick<LocalMachine, 'platform'>): WellKnownEndpoint {
  return { source: 'default', url: platform === 'win32' ? `npipe://${defaultPipe}` : `unix://${defaultSocket}` }
}

/**
 * The sockets of other engines with Docker's API, tried in parallel with the default socket when no endpoint is set,
 * and used when that one does not answer.
 *
 * Podman is not included, because it is a separate runtime. The rows for Windows are not verified.
 */
export function findWellKnownEndpoints(system: LocalMachine, env: Environment): readonly WellKnownEndpoint[] {
  const endpoints = rows.flatMap(({ source, find }) => find(system, env).map((url) => ({ source, url })))
  const urls = endpoints.map(({ url }) => url)
  return endpoints.filter(({ url }, index) => urls.indexOf(url) === index)
}

export interface WellKnownEndpoint {
  readonly source: string
  readonly url: string
}

interface Row {
  readonly source: string
  find(system: LocalMachine, env: Environment): readonly string[]
}

const rows: readonly Row[] = [
  {
    source: 'rootless Docker',
    find: ({ platform, uid }, { XDG_RUNTIME_DIR }) => {
      if (platform !== 'linux') return []
      const directories = [XDG_RUNTIME_DIR, uid === undefined ? undefined : `/run/user/${uid}`]
      return directories.flatMap((directory) => (directory ? [toSocket(directory, 'docker.sock')] : []))
    },
  },
  {
    source: 'Docker Desktop',
    find: ({ platform, home }) => {
      if (platform === 'win32') return ['npipe:////./pipe/dockerDesktopLinuxEngine']
      const onLinux = platform === 'linux' ? [toSocket(home, '.docker/desktop/docker.sock')] : []
      return [toSocket(home, '.docker/run/docker.sock'), ...onLinux]
    },
  },
  {
    source: 'Colima',
    find: ({ platform, home }, { COLIMA_HOME, COLIMA_PROFILE, XDG_CONFIG_HOME }) => {
      if (platform === 'win32') return []
      const profile = COLIMA_PROFILE || 'default'
      const homes = COLIMA_HOME
        ? [COLIMA_HOME]
        : [`${home}/.colima`, ...(XDG_CONFIG_HOME ? [`${XDG_CONFIG_HOME}/colima`] : [])]
      return homes.flatMap((directory) => [
        toSocket(directory, `${profile}/docker.sock`),
        toSocket(directory, 'docker.sock'), // before Colima 0.4
      ])
    },
  },
  {
    source: 'Lima',
    find: ({ platform, home }, { LIMA_HOME }) =>
      platform === 'win32' ? [] : [toSocket(LIMA_HOME || `${home}/.lima`, 'docker/sock/docker.sock')],
  },
  {
    source: 'Rancher Desktop',
    find: ({ platform, home }) => (platform === 'win32' ? [] : [toSocket(home, '.rd/docker.sock')]),
  },
  {
    source: 'OrbStack',
    find: ({ platform, home }) => (platform === 'darwin' ? [toSocket(home, '.orbstack/run/docker.sock')] : []),
  },
]

function toSocket(directory: string, name: string): string {
  return `unix://${directory.replace(/\/+$/, '')}/${name}`
}
