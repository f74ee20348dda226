import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The archive that docker's client sent, or its error. */
export type Sent = { readonly archive: Buffer; readonly dockerfile: string } | { readonly error: string }

/**
 * Runs `docker build` against a server that records the archive, in place of an engine. Only the classic builder's client packs
 * the context itself.
 */
export class DockerClient {
  readonly #directory: string
  readonly #server: Server
  #request: { readonly archive: Buffer; readonly dockerfile: string } | undefined

  private constructor(directory: string) {
    this.#directory = directory
    this.#server = createServer((request, response) => void this.#answer(request, response))
  }

  static async start(): Promise<DockerClient> {
    const client = new DockerClient(await mkdtemp(join(tmpdir(), 'capstan-client-')))
    await new Promise<void>((resolve) => client.#server.listen(client.#socket, resolve))
    return client
  }

  async send(context: string, dockerfile?: string): Promise<Sent> {
    this.#request = undefined
    const file = dockerfile === undefined ? [] : ['--file', join(context, dockerfile)]
    const { stderr } = await run('docker', ['build', '--quiet', ...file, context], { env: this.#env }).catch(toOutput)
    const request: Sent | undefined = this.#request
    // docker's client logs an error in its packing, and sends an incomplete archive.
    if (request !== undefined && !stderr.includes('Error matching')) return request
    return { error: stderr.replaceAll(/\s+/g, ' ').trim() }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
    await rm(this.#directory, { recursive: true, force: true })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const blocks: Buffer[] = []
    for await (const block of request) blocks.push(block)
    const url = new URL(request.url ?? '/', 'http://engine')
    response.setHeader('Api-Version', '1.41')
    response.setHeader('Ostype', 'linux')
    if (!url.pathname.endsWith('/build')) return void response.end('OK')
    this.#request = { archive: Buffer.concat(blocks), dockerfile: url.searchParams.get('dockerfile') ?? '' }
    response.setHeader('Content-Type', 'application/json')
    response.end('{"stream":"done"}\n')
  }

  get #socket(): string {
    return join(this.#directory, 'engine.sock')
  }

  get #env(): NodeJS.ProcessEnv {
    return {
      PATH: process.env.PATH,
      HOME: this.#directory,
      DOCKER_CONFIG: this.#directory,
      DOCKER_HOST: `unix://${this.#socket}`,
      DOCKER_BUILDKIT: '0',
    }
  }
}

/** Returns the version of docker's client on this machine, or the reason why there is none. */
export async function findVersion(): Promise<{ readonly version: string } | { readonly problem: string }> {
  return run('docker', ['--version']).then(
    ({ stdout }) => toComparable(stdout.trim()),
    (error: unknown) => ({ problem: `docker --version: ${error instanceof Error ? error.message : String(error)}` }),
  )
}

/** Older clients match some patterns differently. The recorded answers are those of 28.2. */
function toComparable(version: string): { readonly version: string } | { readonly problem: string } {
  const major = Number(/version (\d+)\./.exec(version)?.[1] ?? 0)
  return major >= 28 ? { version } : { problem: `${version} is older than 28` }
}

function toOutput(error: unknown): { readonly stderr: string } {
  return { stderr: error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error) }
}

const run = promisify(execFile)
