import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { Environment } from '@capstan/core/plugin'
import { isAbsentFile } from '../engine/absent-file.js'
import type { EndpointTls } from '../engine/docker-endpoint.js'

/** Reads the TLS settings in `DOCKER_TLS_VERIFY`, `DOCKER_TLS` and `DOCKER_CERT_PATH`; `undefined` when they are not set. */
export async function readEnvironmentTls(env: Environment, configDirectory: string): Promise<EndpointTls | undefined> {
  const verify = Boolean(env.DOCKER_TLS_VERIFY) // any text that is not empty, also "0", as in docker's client
  if (!verify && !env.DOCKER_TLS) return undefined
  return findTls(env.DOCKER_CERT_PATH || configDirectory, { verify })
}

/** Finds docker's certificate files in a directory. Missing files are left out. */
export async function findTls(directory: string, { verify }: Pick<EndpointTls, 'verify'>): Promise<EndpointTls> {
  const [caFile, certFile, keyFile] = await Promise.all(
    ['ca.pem', 'cert.pem', 'key.pem'].map((name) => findFile(join(directory, name))),
  )
  return { verify, directory, caFile, certFile, keyFile }
}

/** Returns the path of an existing file. A file that may not be read is included, so that reading it gives the error. */
async function findFile(path: string): Promise<string | undefined> {
  try {
    await access(path)
    return path
  } catch (error) {
    return isAbsentFile(error) ? undefined : path
  }
}
