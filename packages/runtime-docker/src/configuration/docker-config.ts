import { randomUUID } from 'node:crypto'
import { chmod, chown, mkdir, readFile, readlink, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { type Environment, findHomeDirectory } from '@capstan/core/plugin'
import { isAbsentFile } from '../engine/absent-file.js'
import { isObject, type JsonObject, toObject } from '../engine/json-values.js'

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

/**
 * Changes `config.json` and resolves with its path. The file is replaced at once, and keeps its owner; its other entries keep
 * their values. The file of a symbolic link is changed, and not the link. Nothing is written when `change` returns its argument.
 *
 * `mode`: the mode of the file. Default: as before; 0600 for a new file.
 *
 * @throws Error of the file system, and SyntaxError for a file that is not a JSON object, which is then not changed
 */
export async function updateDockerConfig(
  env: Environment,
  change: (config: JsonObject) => JsonObject,
  { mode }: { readonly mode?: number } = {},
): Promise<string> {
  const path = await followLinks(join(toConfigDirectory(env), 'config.json'))
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isAbsentFile(error)) return ''
    throw error
  })
  const config = parseConfigText(text)
  if (!isObject(config)) throw new SyntaxError('it is not a JSON object')
  const changed = change(config)
  if (changed === config) return path
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const part = `${path}.${randomUUID()}`
  try {
    // docker's client indents by tabs as well.
    await writeFile(part, JSON.stringify(changed, undefined, '\t'), { mode: 0o600, flag: 'wx' })
    const before = await stat(path).catch(() => undefined)
    if (before !== undefined) {
      await chown(part, before.uid, before.gid).catch(() => undefined)
      await chmod(part, mode ?? before.mode & 0o777)
    }
    await rename(part, path)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
  return path
}

/** Returns the path without links at its end. A chain of more links than Linux follows cannot be read. */
async function followLinks(path: string, mostLinks = 40): Promise<string> {
  const target = await readlink(path).catch(() => undefined)
  return target === undefined || mostLinks === 0
    ? path
    : await followLinks(resolve(dirname(path), target), mostLinks - 1)
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
