import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeCertificates } from '../engine/certificates.mjs'
import { toRuncWrapper } from '../engine/runc-wrapper.mjs'
import { readWithheldCapabilities } from '../engine/withheld-capabilities.mjs'
import { writePodmanConfig } from '../podman/podman-files.mjs'
import { toMatrixFiles } from './matrix-files.mjs'

/**
 * Writes the configuration of an engine and returns the command that runs it and the variables for it.
 *
 * @param {import('./engine-matrix.mjs').MatrixEngine} engine
 * @returns {{ readonly command: readonly string[], readonly env: Readonly<Record<string, string>> }}
 */
export function writeEngineProgram(engine) {
  return engine.product === 'docker' ? writeDocker(engine) : writePodman(engine)
}

/** @param {import('./engine-matrix.mjs').MatrixEngine} engine */
function writeDocker(engine) {
  const { store, socket, certificates } = toMatrixFiles(engine.name)
  if (engine.tls) makeCertificates(certificates)
  const file = join(store, 'daemon.json')
  writeFileSync(
    file,
    `${JSON.stringify(toDaemonConfig(engine, { store, socket, certificates, runc: writeRunc(engine) }))}\n`,
  )
  return { command: ['dockerd', '--config-file', file], env: { ...engine.env } }
}

/**
 * Returns the configuration of dockerd. Its cgroups have a parent, because all engines of a machine would otherwise share one
 * cgroup and its share of a busy processor.
 *
 * @param {import('./engine-matrix.mjs').MatrixEngine} engine
 * @param {{ readonly store: string, readonly socket: string, readonly certificates: string, readonly runc: string | undefined }} files
 */
export function toDaemonConfig({ name, tls, config }, { store, socket, certificates, runc }) {
  return {
    hosts: [`unix://${socket}`, ...(tls ? [tlsListener] : [])],
    ...(tls && {
      tlsverify: true,
      tlscacert: join(certificates, 'ca.pem'),
      tlscert: join(certificates, 'server.pem'),
      tlskey: join(certificates, 'server-key.pem'),
    }),
    'data-root': join(store, 'data'),
    'exec-opts': ['native.cgroupdriver=cgroupfs'],
    'cgroup-parent': `/${toCgroup(name)}`,
    ...(runc && { runtimes: { 'capstan-runc': { path: runc } }, 'default-runtime': 'capstan-runc' }),
    ...config,
  }
}

/**
 * Returns the name of the cgroup of an engine's containers.
 *
 * @param {string} name of the engine
 */
export function toCgroup(name) {
  return `capstan-engine-${name}`
}

/** @param {import('./engine-matrix.mjs').MatrixEngine} engine */
function writePodman(engine) {
  const { store, socket } = toMatrixFiles(engine.name)
  const env = writePodmanConfig({ directory: store, runc: writeRunc(engine) ?? runcPath })
  const command = ['podman', 'system', 'service', '--time', '0', `unix://${socket}`]
  return { command, env: { ...env, PODMAN_IGNORE_CGROUPSV1_WARNING: '1', ...engine.env } }
}

/** @param {import('./engine-matrix.mjs').MatrixEngine} engine */
function writeRunc({ name, wrapsRunc }) {
  const withheld = readWithheldCapabilities()
  if (!wrapsRunc || withheld.length === 0) return undefined
  const file = join(toMatrixFiles(name).store, 'runc-without-withheld')
  writeFileSync(file, toRuncWrapper({ runc: runcPath, withheld }), { mode: 0o755 })
  return file
}

/** Where clients in the network namespace of an engine reach it. Each engine has one of its own, so the port is free. */
export const tlsEndpoint = 'tcp://127.0.0.1:2376'
const tlsListener = 'tcp://0.0.0.0:2376'

/** In the roots of Debian. */
const runcPath = '/usr/sbin/runc'
