import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { Environment } from '@capstan/core/plugin'
import { isAbsentFile } from '../engine/absent-file.js'
import type { EndpointTls } from '../engine/docker-endpoint.js'

/** The TLS that `DOCKER_TLS_VERIFY`, `DOCKER_TLS` and `DOCKER_CERT_PATH` ask for; `undefined` when they ask for none. */
export async function readEnvironmentTls(env: Environment, configDirectory: string): Promise<EndpointTls | undefined> {
  const verify = Boolean(env.DOCKER_TLS_VERIFY) // any text that is not empty, "0" too: as docker has it
  if (!verify && !env.DOCKER_TLS) return undefined
  return findTls(env.DOCKER_CERT_PATH || configDirectory, { verify })
}

/** The files of one directory by docker's names. Those that are not there are left out. */
export async function findTls(directory: string, { verify }: Pick<EndpointTls, 'verify'>): Promise<EndpointTls> {
  const [caFile, certFile, keyFile] = await Promise.all(
    ['ca.pem', 'cert.pem', 'key.pem'].map((name) => findFile(join(directory, name))),
  )
  return { verify, caFile, certFile, keyFile }
}

/** A file that is there and may not be read is kept: reading it gives the error that tells so. */
async function findFile(path: string): Promise<string | undefined> {
  try {
    await access(path)
    return path
  } catch (error) {
    return isAbsentFile(error) ? undefined : path
  }
}
