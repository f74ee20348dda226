import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Environment, findHomeDirectory } from '@capstan/core/plugin'
import { isAbsentFile } from '../engine/absent-file.js'
import { type JsonObject, toObject } from '../engine/json-values.js'

/** The configuration of docker's client; `problem` says why a configuration that exists cannot be used. */
export interface DockerConfig {
  readonly config: JsonObject
  readonly problem: string | undefined
}

/** The configuration directory of docker's client: DOCKER_CONFIG, or else `.docker` in the home directory. */
export function toConfigDirectory(env: Environment, home: string = findHomeDirectory(env)): string {
  return env.DOCKER_CONFIG || join(home, '.docker')
}

/** Reads `config.json`. Never rejects: a file that is absent or blank configures nothing. */
export async function readDockerConfig(env: Environment): Promise<DockerConfig> {
  const path = join(toConfigDirectory(env), 'config.json')
  try {
    return parseDockerConfig(await readFile(path, 'utf8'), path)
  } catch (error) {
    if (isAbsentFile(error)) return { config: {}, problem: undefined }
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    return { config: {}, problem: `${path} could not be read (${String(code)})` }
  }
}

/** Parses the text of a configuration; `source` names it in `problem`. */
export function parseDockerConfig(text: string | undefined, source: string): DockerConfig {
  try {
    return { config: toObject(parseConfigText(text ?? '')), problem: undefined }
  } catch {
    return { config: {}, problem: `${source} is not JSON` }
  }
}

/**
 * Parses a JSON text that may be blank, which is `{}`, or have a byte order mark.
 *
 * @throws SyntaxError without any part of the text, which may contain secrets
 */
export function parseConfigText(text: string): unknown {
  const content = text.replace(/^\uFEFF/, '')
  if (content.trim() === '') return {}
  try {
    return JSON.parse(content)
  } catch {
    throw new SyntaxError('it is not JSON')
  }
}
