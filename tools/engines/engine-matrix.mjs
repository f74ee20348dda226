/**
 * An engine of the matrix. Its packages are those of one suite of Debian; engines of one suite share one root.
 *
 * @typedef {object} MatrixEngine
 * @property {string} name
 * @property {'docker' | 'podman'} product
 * @property {'bookworm' | 'trixie' | 'forky'} suite
 * @property {string} version the prefix of the versions that the name promises
 * @property {boolean} [wrapsRunc] whether runc must not be asked for capabilities that the machine withholds; default: false
 * @property {Readonly<Record<string, string>>} [env] variables for the engine; default: none
 * @property {string} [hostname] the host name of the engine's machine; default: that of this machine
 * @property {boolean} [tls] whether it also listens on TCP with TLS, in its network namespace; default: false
 * @property {Readonly<Record<string, unknown>>} [config] additions to `daemon.json`; default: none
 */

/** The engines on which Capstan is tested, oldest first. @type {readonly MatrixEngine[]} */
export const matrixEngines = [
  { name: '20.10', product: 'docker', suite: 'bookworm', version: '20.10.', wrapsRunc: true },
  { name: '26', product: 'docker', suite: 'trixie', version: '26.' },
  { name: '28', product: 'docker', suite: 'forky', version: '28.', tls: true },
  // Docker 29 refuses clients of API versions before 1.44. Debian has no Docker 29.
  {
    name: '28-api-1.44',
    product: 'docker',
    suite: 'forky',
    version: '28.',
    env: { DOCKER_MIN_API_VERSION: '1.44' },
  },
  // The image store that Docker 29 uses by default.
  {
    name: '28-containerd',
    product: 'docker',
    suite: 'forky',
    version: '28.',
    config: { features: { 'containerd-snapshotter': true } },
    tls: true,
  },
  { name: 'podman-4', product: 'podman', suite: 'bookworm', version: '4.' },
  { name: 'podman-5', product: 'podman', suite: 'forky', version: '5.' },
]

/**
 * Returns the engines with these names in the order of the matrix; `all` stands for every engine.
 *
 * @param {readonly string[]} names
 * @returns {readonly MatrixEngine[] | string} the reason when a name is unknown or there is none
 */
export function findMatrixEngines(names) {
  const known = matrixEngines.map(({ name }) => name)
  const unknown = names.filter((name) => name !== 'all' && !known.includes(name))
  if (unknown.length > 0) return `no engine is named ${unknown.join(', ')}; known: ${known.join(', ')}`
  if (names.length === 0) return `no engine is named; known: ${known.join(', ')}`
  return names.includes('all') ? matrixEngines : matrixEngines.filter(({ name }) => names.includes(name))
}
