import type { ExposedPort } from '../contract/container/ports.js'
import type { ListImagesOptions, PullOptions, PushOptions, RegistryCredentials } from '../contract/image/image.js'
import { isImageId } from '../contract/image/image-reference.js'
import type { CommitOptions, ImageChanges } from '../contract/managers/image-manager.js'
import {
  check,
  checkBoolean,
  checkEach,
  checkFunction,
  checkInteger,
  checkList,
  checkObject,
  checkOneOf,
  checkSecret,
  isObject,
} from './check.js'
import { checkCommand, checkContainerPath, checkPlatform, checkUser } from './fields.js'
import { checkFields } from './known-fields.js'
import { validateEnv, validateImageReference, validateImageTag, validateLabels, validateSignal } from './names.js'
import { checkListOptions } from './operations.js'

/** Checks the options of `listImages`. */
export function validateListImages(options: ListImagesOptions): void {
  checkFields('ListImagesOptions', options)
  checkListOptions(options)
  checkBoolean('all', options.all)
}

/** Checks the reference and the options of `pullImage`. */
export function validatePull(reference: unknown, options: PullOptions): void {
  validateImageReference(reference, 'reference')
  checkFields('PullOptions', options)
  if (options.platform !== undefined) checkPlatform('platform', options.platform)
  checkTransfer(options)
}

/** Checks the reference and the options of `pushImage`. The reference is a name with an optional tag, and not an id. */
export function validatePush(reference: unknown, options: PushOptions): void {
  validatePushReference(reference)
  checkFields('PushOptions', options)
  checkTransfer(options)
}

/** Checks the reference of `pushImage`. */
export function validatePushReference(reference: unknown, field = 'reference'): void {
  validateImageTag(reference, field)
  check(!isImageId(String(reference)), field, 'a name in lower case with an optional tag, such as "app:1"', reference)
}

function checkTransfer({ credentials, onProgress }: PullOptions | PushOptions): void {
  if (credentials !== undefined) checkCredentials('credentials', credentials)
  checkFunction('onProgress', onProgress)
}

function checkCredentials(field: string, credentials: RegistryCredentials): void {
  checkSecret(isObject(credentials), field, 'an object', credentials)
  for (const name of ['username', 'password'] as const) {
    checkSecret(typeof credentials[name] === 'string', `${field}.${name}`, 'a string', credentials[name])
  }
}

/** Checks the references of `saveImages`: at least one. */
export function validateImageReferences(references: readonly string[], field = 'references'): void {
  checkList(field, references)
  check(references.length > 0, field, 'at least one reference', references)
  checkEach(field, references, (at, reference) => validateImageReference(reference, at))
}

/** Checks the options of `commitContainer`. */
export function validateCommit(options: CommitOptions): void {
  checkFields('CommitOptions', options)
  const { tag, changes, message, author, pause } = options
  if (tag !== undefined) validateImageTag(tag)
  if (changes !== undefined) checkChanges('changes', changes)
  for (const [field, value] of Object.entries({ message, author })) {
    if (value !== undefined)
      check(typeof value === 'string' && !value.includes('\0'), field, 'a string without NUL', value)
  }
  checkBoolean('pause', pause)
}

function checkChanges(field: string, changes: ImageChanges): void {
  checkObject(field, changes)
  for (const [name, checkField] of Object.entries(fields)) {
    const value: unknown = changes[name as keyof ImageChanges] // `fields` has the keys of ImageChanges
    // Each check declares the type of its field and accepts a value of any type.
    if (value !== undefined) checkField(`${field}.${name}`, value as never)
  }
}

type FieldCheck = (field: string, value: never) => void

const fields: { readonly [K in keyof Required<ImageChanges>]: FieldCheck } = {
  command: checkWords,
  entrypoint: checkWords,
  env: checkAddedEnv,
  user: checkUser,
  workingDirectory: checkContainerPath,
  labels: (field, value) => validateLabels(value, field),
  exposedPorts: (field, ports) => checkEach<ExposedPort>(field, ports, checkExposedPort),
  volumes: (field, paths) => checkEach<unknown>(field, paths, checkContainerPath),
  stopSignal: (field, value) => validateSignal(value, field),
}

function checkWords(field: string, words: readonly string[]): void {
  checkCommand(field, words)
  check(words.length > 0, field, 'at least one word', words)
}

/** Checks variables to add. An image cannot remove one of the container. */
function checkAddedEnv(field: string, env: object): void {
  validateEnv(env, field)
  const removed = Object.entries(env).find(([, value]) => value === null)
  check(removed === undefined, `${field}[${JSON.stringify(removed?.[0])}]`, 'a string without NUL', null)
}

function checkExposedPort(field: string, port: ExposedPort): void {
  checkObject(field, port)
  checkInteger(`${field}.containerPort`, port.containerPort, { min: 1, max: 65_535 })
  checkOneOf(`${field}.protocol`, port.protocol, ['tcp', 'udp'])
}
