import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { EngineSetUpError } from '../engine/engine-set-up-error.mjs'
import { tlsEndpoint } from './engine-program.mjs'
import { findMatrixState, toMatrixFiles } from './matrix-files.mjs'

/**
 * Runs a command of the machine in the network namespace of an engine, where published ports are, with an environment in
 * which clients find this engine. Resolves with the exit status (128 + number for a signal).
 *
 * @param {import('./engine-matrix.mjs').MatrixEngine} engine
 * @param {readonly string[]} command
 * @param {{ readonly output: 'inherit' | number, readonly signal: AbortSignal, readonly env?: Readonly<Record<string, string>> }} options `output` is the descriptor of a file, or
 *   `inherit` for this terminal; `signal` sends SIGTERM to the command; `env` has additional variables
 * @returns {Promise<number>}
 * @throws {EngineSetUpError} when the engine does not run
 */
export async function runBesideEngine(engine, command, { output, signal, env = {} }) {
  signal.throwIfAborted()
  const { name } = engine
  const state = findMatrixState(name)
  if (!state)
    throw new EngineSetUpError(`${name} is not running; start it with: node tools/engines/matrix.mjs up ${name}`)
  const child = spawn('nsenter', ['--target', String(state.init.pid), '--net', '--', ...command], {
    stdio: [output === 'inherit' ? 'inherit' : 'ignore', output, output],
    env: { ...toEngineEnv(engine, process.env), ...env },
  })
  const terminate = () => child.kill('SIGTERM')
  signal.addEventListener('abort', terminate)
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, killer) => resolve(code ?? 128 + (killer ? constants.signals[killer] : 0)))
    })
  } finally {
    signal.removeEventListener('abort', terminate)
  }
}

/**
 * Returns an environment in which clients find this engine and no other.
 *
 * @param {import('./engine-matrix.mjs').MatrixEngine} engine
 * @param {NodeJS.ProcessEnv} env
 */
export function toEngineEnv({ name, product, tls }, env) {
  const { CONTAINER_HOST, DOCKER_CONTEXT, DOCKER_TLS, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH, ...rest } = env
  const { socket, certificates } = toMatrixFiles(name)
  const host = `unix://${socket}`
  return {
    ...rest,
    DOCKER_HOST: host,
    ...(product === 'podman' && { CONTAINER_HOST: host }),
    // For the tests of TLS.
    ...(tls && { CAPSTAN_TLS_ENDPOINT: tlsEndpoint, CAPSTAN_TLS_DIRECTORY: certificates }),
  }
}
