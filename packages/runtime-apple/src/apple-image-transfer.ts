import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ImageTransfer, OperationOptions, PullOptions } from '@capstan/core'
import {
  createHostError,
  type Environment,
  findTemporaryDirectory,
  type Operation,
  toFamiliarName,
  untilAborted,
  validateImageReference,
} from '@capstan/core/plugin'
import type { AppleConnection } from './apple-connection.js'
import { findReference } from './images/find-reference.js'
import { findImage } from './images/images.js'
import { parseImages } from './images/parse-images.js'
import { pullImage } from './images/pull-image.js'
import { withLogin } from './images/with-login.js'

/** Pulls, loads and saves images. Archives go through temporary files, because the command cannot use pipes for them. */
export class AppleImageTransfer implements ImageTransfer {
  readonly #connection: AppleConnection

  constructor(connection: AppleConnection) {
    this.#connection = connection
  }

  async pullImage(reference: string, options: PullOptions = {}): Promise<string> {
    validateImageReference(reference, 'reference')
    const { platform, credentials, onProgress } = options
    return await this.#connection.call({ operation: 'pullImage', subject: reference }, options, async (call) => {
      const pull = () => pullImage(this.#connection, reference, { call, platform, onProgress })
      await (credentials === undefined ? pull() : withLogin(this.#connection, { reference, credentials, call }, pull))
      const image = await findImage(this.#connection, reference, call)
      if (image === undefined) throw createHostError('IMAGE_NOT_FOUND', { image: reference })
      return image.id
    })
  }

  async loadImages(tar: AsyncIterable<Uint8Array>, options: OperationOptions = {}): Promise<readonly string[]> {
    return await this.#connection.call({ operation: 'loadImages', subject: 'an archive' }, options, (call) =>
      withFile(this.#connection.env, async (file) => {
        await untilAborted(pipeline(Readable.from(tar), createWriteStream(file), { signal: call.signal }), call.signal)
        const { stdout } = await this.#connection.run(['image', 'load', `--input=${file}`], {
          ...call,
          limit: 'archiveMs',
        })
        return await this.#findLoaded(stdout.toString('utf8'), call)
      }),
    )
  }

  async saveImage(reference: string, options: OperationOptions = {}): Promise<Readable> {
    validateImageReference(reference, 'reference')
    const directory = await mkdtemp(join(findTemporaryDirectory(this.#connection.env), 'capstan-'))
    const clear = () => rm(directory, { recursive: true, force: true })
    const file = join(directory, 'image.tar')
    try {
      await this.#connection.call({ operation: 'saveImage', subject: reference }, options, async (call) => {
        const name = await findReference(this.#connection, reference, call)
        await this.#connection.run(['image', 'save', `--output=${file}`, name], { ...call, limit: 'archiveMs' })
      })
    } catch (error) {
      await clear()
      throw error
    }
    return this.#openFile(file, options, clear)
  }

  /** Finds the references of existing images in the output of `image load`. */
  async #findLoaded(text: string, call: Operation): Promise<readonly string[]> {
    const words = new Set(text.split(/\s+/))
    const { stdout } = await this.#connection.run(['image', 'list', '--format', 'json'], call)
    const loaded = parseImages(call.operation, stdout).filter(({ reference }) => words.has(reference))
    return [...new Set(loaded.flatMap(({ reference, id }) => [toFamiliarName(reference), id]))]
  }

  /** Opens the archive. The stream fails at an abort and at `close`, like a stream of the service would. */
  #openFile(file: string, { signal }: OperationOptions, clear: () => Promise<void>): Readable {
    const { signal: own, end } = this.#connection.operations.begin(signal)
    const stream = createReadStream(file)
    const onAbort = () => stream.destroy(own.reason)
    own.addEventListener('abort', onAbort, { once: true })
    // A reader gets the error when it reads. Without a listener an error before that would end the process.
    stream.on('error', () => {})
    stream.on('close', () => {
      own.removeEventListener('abort', onAbort)
      end()
      void clear()
    })
    return stream
  }
}

async function withFile<T>(env: Environment, use: (file: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(findTemporaryDirectory(env), 'capstan-'))
  try {
    return await use(join(directory, 'image.tar'))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
