import { createHostError, toFamiliarName, toFullName, type UndoStack } from '@capstan/core/plugin'
import type { MemoryEventLog, NewEvent } from '../../memory-event-log.js'
import type { ImageContent } from '../../simulation/image-content.js'
import { type StoredImage, toImageId } from './stored-image.js'

type ImageAction = Extract<NewEvent, { kind: 'image' }>['action']

/** Options of `addTagged`. */
export interface AddTaggedOptions {
  readonly tags: readonly string[]
  readonly createdAt: Date
  readonly undo: UndoStack
}

/** The simulated images. A tag belongs to one image at a time. */
export class ImageStore {
  readonly #events: MemoryEventLog
  readonly #images = new Map<string, StoredImage>()

  constructor(events: MemoryEventLog) {
    this.#events = events
  }

  list(): readonly StoredImage[] {
    return [...this.#images.values()]
  }

  /** Finds an image by reference, id, or a prefix of 12 or more digits of its id. */
  find(reference: string): StoredImage | undefined {
    const tagged = this.findTag(reference)
    if (tagged !== undefined || !/^(sha256:)?[0-9a-f]{12,64}$/.test(reference)) return tagged
    const digits = reference.replace('sha256:', '')
    return this.list().find(({ id }) => id.startsWith(`sha256:${digits}`))
  }

  /** Finds the image that has this tag. */
  findTag(reference: string): StoredImage | undefined {
    const tag = toShortReference(reference)
    return this.list().find(({ tags }) => tags.has(tag))
  }

  /** @throws HostError IMAGE_NOT_FOUND */
  require(reference: string): StoredImage {
    const image = this.find(reference)
    if (image === undefined) throw createHostError('IMAGE_NOT_FOUND', { image: reference })
    return image
  }

  /** Adds an image, or returns the existing one with the same content and its original `createdAt`. */
  add(content: ImageContent, createdAt: Date): StoredImage {
    const id = toImageId(content)
    const image = this.#images.get(id) ?? { ...content, id, createdAt, tags: new Set<string>() }
    this.#images.set(id, image)
    return image
  }

  /** Adds an image and sets its tags. The undo step restores the previous tags, and removes the image if it was new. */
  addTagged(content: ImageContent, { tags, createdAt, undo }: AddTaggedOptions): StoredImage {
    const isNew = !this.#images.has(toImageId(content))
    const image = this.add(content, createdAt)
    const before = tags.map((tag) => ({ tag, holder: this.findTag(tag) }))
    for (const tag of tags) this.tag(image, tag)
    undo.add(`image ${image.id}`, async () => {
      for (const { tag, holder } of before) {
        this.untag(tag)
        if (holder !== undefined) this.tag(holder, tag)
      }
      if (isNew) this.delete(image.id)
    })
    return image
  }

  /** Moves a tag to an image. */
  tag(image: StoredImage, reference: string): void {
    this.untag(reference)
    image.tags.add(toShortReference(reference))
    this.#emit('tagged', image.id, reference)
  }

  untag(reference: string): void {
    const tag = toShortReference(reference)
    for (const { id, tags } of this.#images.values()) if (tags.delete(tag)) this.#emit('untagged', id, tag)
  }

  delete(id: string): void {
    for (const tag of this.#images.get(id)?.tags ?? []) this.#emit('untagged', id, tag)
    if (this.#images.delete(id)) this.#emit('removed', id)
  }

  /** Emits the event of a pull, which has added or found the image. */
  emitPulled({ id }: StoredImage, reference: string): void {
    this.#emit('pulled', id, reference)
  }

  #emit(action: ImageAction, id: string, reference?: string): void {
    const short = reference === undefined ? undefined : toShortReference(reference)
    this.#events.emit({ kind: 'image', action, id, reference: short })
  }
}

/** Converts a reference to the short form in which the store keeps it, such as `busybox:latest`. */
export function toShortReference(reference: string): string {
  return toFamiliarName(toFullName(reference))
}
