import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from './engine-packages.mjs'
import { EngineSetUpError } from './engine-set-up-error.mjs'

/**
 * Makes an authority, a certificate of a server on this machine, and one of a client, by openssl. They are valid for two days.
 *
 * The directory then has `ca.pem`, `server.pem` and `server-key.pem` for the server, and `ca.pem`, `cert.pem` and `key.pem`, as docker
 * names them, for the client.
 *
 * @param {string} directory
 * @throws {EngineSetUpError} when there is no openssl
 */
export function makeCertificates(directory) {
  if (!findProgram('openssl')) throw new EngineSetUpError('certificates need openssl: apt-get install openssl')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const path = (/** @type {string} */ name) => join(directory, name)
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl(['req', '-x509', '-days', '2', ...key, '-subj', '/CN=authority of tests', ...toFiles('ca', 'ca-key')])
  const make = (/** @type {string} */ name, /** @type {string} */ keyName, /** @type {string} */ extensions) => {
    writeFileSync(path('extensions'), extensions)
    openssl(['req', ...key, '-subj', `/CN=${name} of tests`, ...toFiles('request', keyName)])
    const authority = ['-CA', path('ca.pem'), '-CAkey', path('ca-key.pem'), '-CAcreateserial', '-days', '2']
    openssl(['x509', '-req', '-in', path('request.pem'), ...authority, ...extended(), '-out', path(`${name}.pem`)])
  }
  make(
    'server',
    'server-key',
    `subjectAltName=IP:127.0.0.1,IP:${outsideAddress},DNS:localhost\nextendedKeyUsage=serverAuth\n`,
  )
  make('cert', 'key', 'extendedKeyUsage=clientAuth\n')
  for (const name of ['request.pem', 'extensions', 'ca-key.pem', 'ca.srl']) rmSync(path(name), { force: true })

  /**
   * @param {string} certificate
   * @param {string} keyName
   */
  function toFiles(certificate, keyName) {
    return ['-out', path(`${certificate}.pem`), '-keyout', path(`${keyName}.pem`)]
  }

  function extended() {
    return ['-extfile', path('extensions')]
  }
}

/** The address of the server in a network that a test connects to its network namespace. */
export const outsideAddress = '10.97.0.1'

/** @param {readonly string[]} args */
function openssl(args) {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
