import { describe } from 'vitest'
import { describeRemote } from './describe-remote.js'

const { CAPSTAN_TLS_ENDPOINT: endpoint, CAPSTAN_TLS_DIRECTORY: directory } = process.env

/** Streams in both directions, half-closed input, uploads, BuildKit's HTTP/2, and what uses processes in containers. */
const only = [
  ...['LOG', 'ATT', 'EXEC', 'FILE', 'EVT', 'BSV', 'XFER-002', 'FW-001', 'FW-015'],
  ...['BLD-002', 'BLD-003', 'BLD-019', 'BLD-023'],
]

describe.skipIf(endpoint === undefined)('the engine of CAPSTAN_TLS_ENDPOINT', () => {
  describeRemote('TLS', only, { DOCKER_HOST: endpoint, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: directory })
})
