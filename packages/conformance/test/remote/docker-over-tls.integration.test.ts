import { describe } from 'vitest'
import { describeRemote } from './describe-remote.js'

const { CAPSTAN_TLS_ENDPOINT: endpoint, CAPSTAN_TLS_DIRECTORY: directory } = process.env

describe.skipIf(endpoint === undefined)('the engine of CAPSTAN_TLS_ENDPOINT', () => {
  describeRemote('TLS', { DOCKER_HOST: endpoint, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: directory })
})
