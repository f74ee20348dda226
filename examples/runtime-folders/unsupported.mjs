// @ts-check

import { unsupportedJobOptions } from '@capstan/core/plugin'

/** The remedy for every absent capability and unsupported option. */
export const remedy = 'use a runtime that isolates its containers, such as docker'

/**
 * The reason why each capability is absent, by its id.
 *
 * @type {Readonly<Record<string, string>>}
 */
export const absenceReasons = {
  'image-builder': 'an image is a folder that the user makes',
  'firewall-manager': 'containers share the network of this machine',
  'network-manager': 'containers share the network of this machine',
  'sidecar-manager': 'a sidecar needs a network',
  'exec-manager': 'a container runs one program',
  'file-transfer': 'the folder of a container can be read and written directly',
  'container-control': 'a container is a process that is started and stopped',
  'volume-manager': 'nothing can be mounted in a folder',
  'image-transfer': 'an image is a folder that the user makes',
  'container-stats': 'the processes of a container are not counted',
  events: 'no process watches the containers',
  'compose-manager': 'Compose needs the API of the Docker Engine',
  'image-manager': 'an image is a folder that the user makes',
  'swarm-manager': 'containers run on this machine only',
}

/** @type {readonly (readonly [reason: string, ...fields: import('@capstan/core').OptionName[]])[]} */
const unsupportedFields = [
  ['containers share the network of this machine', 'hostname', 'network', 'ports', 'exposedPorts', 'dns', 'extraHosts'],
  ['containers run as root', 'user', 'groupAdd', 'privileged', 'capAdd', 'capDrop', 'securityOptions'],
  [
    'containers share the namespaces and devices of this machine',
    'devices',
    'gpus',
    'ociRuntime',
    'ipcMode',
    'pidMode',
  ],
  ['nothing limits the resources of a container', 'shmSizeBytes', 'memoryBytes', 'cpus', 'pidsLimit', 'ulimits'],
  ['nothing can be mounted in a folder', 'mounts', 'readOnlyRootFilesystem'],
  ['an image is a folder for the platform of this machine', 'platform'],
  ['chroot starts a program in the root directory', 'workingDirectory'],
  ['a container has neither stdin nor a terminal', 'interactive', 'tty'],
  ['programs are stopped by SIGTERM', 'stopSignal'],
  [
    'no process of the runtime supervises a container',
    'init',
    'autoRemove',
    'restartPolicy',
    'healthcheck',
    'foreignContainers.exitCode',
  ],
  ['the output is written to a file', 'logDriver'],
  ['stdout and stderr are written to one file, without times', 'logs.split', 'logs.since', 'logs.timestamps'],
]

/** @type {readonly import('@capstan/core/plugin').UnsupportedOption[]} */
export const unsupportedOptions = [
  ...unsupportedFields.flatMap(([reason, ...fields]) => fields.map((field) => ({ field, reason, remedy }))),
  ...unsupportedJobOptions,
]
