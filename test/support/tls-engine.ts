import type { Environment } from '@capstan/core/plugin'

const { CAPSTAN_TLS_ENDPOINT, CAPSTAN_TLS_DIRECTORY: directory = '' } = process.env

/** The engine of the matrix that verifies its clients, beside which `pnpm test:engines --remote` runs the tests. */
export const tlsEngine: TlsEngine | undefined =
  CAPSTAN_TLS_ENDPOINT === undefined
    ? undefined
    : {
        endpoint: CAPSTAN_TLS_ENDPOINT,
        directory,
        toEnv: (host) => ({
          DOCKER_HOST: CAPSTAN_TLS_ENDPOINT.replace(/\/\/[^:]+/, (own) => (host === undefined ? own : `//${host}`)),
          DOCKER_TLS_VERIFY: '1',
          DOCKER_CERT_PATH: directory,
        }),
      }

export interface TlsEngine {
  readonly endpoint: string
  /** The directory of the certificates of a client. */
  readonly directory: string
  /** Returns the environment in which clients reach the engine at a host; default: that of `endpoint`. */
  toEnv(host?: string): Environment
}
