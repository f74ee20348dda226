import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ComposeManager, composeManagerCapability, type RuntimeScope, type ServiceState } from '@capstan/core'
import { toIds } from '../assert/expect.js'
import type { CaseContext } from '../case-context.js'
import { createDirectory } from './directories.js'

/** A document of a Compose file. The image of a service without one is that of the kit. */
export interface ComposeDocument {
  readonly services: Readonly<Record<string, object>>
  readonly networks?: Readonly<Record<string, object>>
  readonly volumes?: Readonly<Record<string, object>>
}

/** A project in a temporary directory. */
export interface CaseProject {
  readonly name: string
  readonly directory: string
  readonly compose: ComposeManager
  /** Writes a file, and returns its path. */
  writeFile(name: string, text: string): Promise<string>
  /** Writes a Compose file, and returns the source of the project with this file only. */
  write(document: ComposeDocument): Promise<{ readonly name: string; readonly files: readonly [string] }>
}

/** Creates a name and a directory for a project. The project is removed after the case with its volumes. */
export async function createProject(context: CaseContext, scope: RuntimeScope = context.scope): Promise<CaseProject> {
  const compose = context.require(composeManagerCapability, scope)
  const name = context.uniqueName('project')
  const directory = await createDirectory(context)
  // Uses the manager of the case, because the case may have closed the other scope.
  const own = context.require(composeManagerCapability)
  context.defer(`project ${name}`, (options) => own.down(name, { volumes: true, graceMs: 0, ...options }))
  const write = async (file: string, text: string) => {
    const path = join(directory, file)
    await writeFile(path, text)
    return path
  }
  return {
    name,
    directory,
    compose,
    writeFile: write,
    write: async (document) => ({ name, files: [await write('compose.yaml', toComposeText(context, document))] }),
  }
}

/** Formats a document. JSON is YAML, in which a dollar sign of a text has to be doubled. */
function toComposeText({ image }: CaseContext, document: ComposeDocument): string {
  const services = Object.fromEntries(
    Object.entries(document.services).map(([name, service]) => [name, { image, ...service }]),
  )
  return JSON.stringify({ ...document, services }, undefined, 2).replaceAll('$', '$$$$')
}

/** Returns the health check of a service that succeeds at once, after the first interval. */
export function healthyWhen(command: readonly string[]): object {
  return { healthcheck: { test: ['CMD', ...command], interval: '200ms', timeout: '20s', retries: 100 } }
}

/** Returns the ids of the containers of a service, in the order of their numbers. */
export function toContainerIds(services: readonly ServiceState[], name: string): readonly string[] {
  return toIds(services.find(({ service }) => service === name)?.containers ?? [])
}
