import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ImageTransfer, OperationOptions, PullOptions, PushOptions } from '@capstan/core'
import {
  createHostError,
  type Environment,
  findTemporaryDirectory,
  type Operation,
  toFamiliarName,
  untilAborted,
  validateImageReference,
  validateImageReferences,
  validatePull,
  validatePush,
} from '@capstan/core/plugin'
import type { AppleRuntimeContext } from './apple-runtime-context.js'
import { findReference, listTaggedImages } from './images/find-reference.js'
import { findImage } from './images/images.js'
import { pullImage } from './images/pull-image.js'
import { pushImage } from './images/push-image.js'
import { withLogin } from './images/with-login.js'

/** Pulls, pushes, loads and saves images. Archives go through temporary files, because the command cannot use pipes for them. */
export class AppleImageTransfer implements ImageTransfer {
  readonly #context: AppleRuntimeContext

  constructor(context: AppleRuntimeContext) {
    this.#context = context
  }

  async pullImage(reference: string, options: PullOptions = {}): Promise<string> {
    validatePull(reference, options)
    const { platform, credentials, onProgress } = options
    return await this.#context.call({ operation: 'pullImage', subject: reference }, options, async (call) => {
      const pull = () => pullImage(this.#context, reference, { call, platform, onProgress })
      await (credentials === undefined
        ? pull()
        : withLogin(this.#context, { reference, credentials, call, code: 'IMAGE_PULL_FAILED' }, pull))
      const image = await findImage(this.#context, reference, call)
      if (image === undefined) throw createHostError('IMAGE_NOT_FOUND', { image: reference })
      return image.id
    })
  }

  async pushImage(reference: string, options: PushOptions = {}): Promise<string | undefined> {
    validatePush(reference, options)
    const { credentials, onProgress } = options
    return await this.#context.call({ operation: 'pushImage', subject: reference }, options, async (call) => {
      if ((await findImage(this.#context, reference, call)) === undefined)
        throw createHostError('IMAGE_NOT_FOUND', { image: reference })
      const push = () => pushImage(this.#context, reference, { call, onProgress })
      const login = credentials && { reference, credentials, call, code: 'IMAGE_PUSH_FAILED' as const }
      await (login === undefined ? push() : withLogin(this.#context, login, push))
      return undefined
    })
  }

  async loadImages(tar: AsyncIterable<Uint8Array>, options: OperationOptions = {}): Promise<readonly string[]> {
    return await this.#context.call({ operation: 'loadImages', subject: 'an archive' }, options, async (call) => {
      const file = await createArchivePath(this.#context.env)
      try {
        await untilAborted(pipeline(Readable.from(tar), createWriteStream(file), { signal: call.signal }), call.signal)
        const limits = { ...call, limit: 'archiveMs' } as const
        const { stdout } = await this.#context.run(['image', 'load', `--input=${file}`], limits)
        return await this.#findLoaded(stdout.toString('utf8'), call)
      } finally {
        await removeArchive(file)
      }
    })
  }

  async saveImage(reference: string, options: OperationOptions = {}): Promise<Readable> {
    validateImageReference(reference, 'reference')
    return await this.#save('saveImage', [reference], options)
  }

  async saveImages(references: readonly string[], options: OperationOptions = {}): Promise<Readable> {
    validateImageReferences(references)
    return await this.#save('saveImages', references, options)
  }

  async #save(operation: string, references: readonly string[], options: OperationOptions): Promise<Readable> {
    const subject = references.join(' ')
    const file = await this.#context.call({ operation, subject }, options, async (call) => {
      const names = await this.#findNames(references, call)
      const path = await createArchivePath(this.#context.env)
      call.undo.add('archive', () => removeArchive(path))
      await this.#context.run(['image', 'save', `--output=${path}`, ...names], { ...call, limit: 'archiveMs' })
      return path
    })
    return this.#openFile(file, options)
  }

  /** Finds a reference of each image. Of several images, the command does not name the one that is missing. */
  async #findNames(references: readonly string[], call: Operation): Promise<readonly string[]> {
    const names: string[] = []
    for (const reference of references) {
      const name = await findReference(this.#context, reference, call)
      if (references.length > 1 && (await findImage(this.#context, name, call)) === undefined)
        throw createHostError('IMAGE_NOT_FOUND', { image: reference })
      names.push(name)
    }
    return names
  }

  /** Finds the references of existing images in the output of `image load`. */
  async #findLoaded(text: string, call: Operation): Promise<readonly string[]> {
    const words = new Set(text.split(/\s+/))
    const loaded = (await listTaggedImages(this.#context, call)).filter(({ reference }) => words.has(reference))
    return [...new Set(loaded.flatMap(({ reference, id }) => [toFamiliarName(reference), id]))]
  }

  /** Opens the archive, and removes it at the end of the stream. The stream fails at an abort and at `close` of the runtime. */
  #openFile(file: string, { signal }: OperationOptions): Readable {
    const { signal: own, end } = this.#context.operations.begin(signal)
    const stream = createReadStream(file)
    const onAbort = () => stream.destroy(own.reason)
    own.addEventListener('abort', onAbort, { once: true })
    // A reader gets the error when it reads. Without a listener an error before that would end the process.
    stream.on('error', () => {})
    stream.on('close', () => {
      own.removeEventListener('abort', onAbort)
      end()
      void removeArchive(file)
    })
    return stream
  }
}

/** Creates a temporary directory for one archive. */
async function createArchivePath(env: Environment): Promise<string> {
  return join(await mkdtemp(join(findTemporaryDirectory(env), 'capstan-')), 'image.tar')
}

async function removeArchive(file: string): Promise<void> {
  await rm(dirname(file), { recursive: true, force: true })
}
