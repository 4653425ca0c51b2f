/** Who stands behind tokens: entities, their aliases in auth methods, and groups; `server/identity` implements it. */

/** The auth mount that a name belongs to. */
export interface NamePlace {
  readonly path: string;
  readonly accessor: string;
  readonly type: string;
}

export interface SubjectAlias {
  readonly id: string;
  /** Of the auth mount whose name this is. */
  readonly mountAccessor: string;
  readonly name: string;
  readonly metadata: ReadonlyMap<string, string>;
  readonly customMetadata: ReadonlyMap<string, string>;
}

export interface SubjectGroup {
  readonly id: string;
  readonly name: string;
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * An entity with all that follows from it, as of now. The same object is handed out until anything in it changes
 * (the entity, one of its aliases, a group it is in, directly or through others): what is compiled for it may be
 * kept in a WeakMap.
 */
export interface Subject {
  readonly id: string;
  readonly name: string;
  readonly disabled: boolean;
  readonly metadata: ReadonlyMap<string, string>;
  /** The entity's own and those of its groups, direct and inherited: lower case, sorted, each once. Never "root". */
  readonly policies: readonly string[];
  /** Of mounts that still are; at most one for each mount. */
  readonly aliases: readonly SubjectAlias[];
  /** Direct and inherited. */
  readonly groups: readonly SubjectGroup[];
}

/** A login as identity sees it. */
export interface LoginName {
  /** The name in its method, as the method spells it; "" = no entity is wanted. */
  readonly alias: string;
  readonly metadata: ReadonlyMap<string, string>;
  /**
   * Names of groups in that method's directory: the entity joins external groups with an alias of such a name at this
   * mount and leaves the others that this mount put it into. undefined = the method knows nothing of groups.
   */
  readonly groups: readonly string[] | undefined;
}

export interface Identity {
  /**
   * Finds or makes the entity of this alias and refreshes its external groups; on disk when it resolves.
   * @returns undefined when `alias` is ""
   * @throws Fault "denied" when the entity is disabled
   */
  login(
    mount: NamePlace,
    name: LoginName,
  ): Promise<{ readonly subject: Subject; readonly created: boolean } | undefined>;
  /** A renewal's external groups, as `login` does, for an entity that is there. */
  refresh(entityId: string, mount: NamePlace, groups: readonly string[]): Promise<void>;
  /** undefined when there is no such entity, any more. Merged entities are found under the id of the one they went into. */
  subject(entityId: string): Promise<Subject | undefined>;
  /** The entity with this alias at this mount; makes both when there is none: `entity_alias` of auth/token/create/:role. */
  ofAlias(mountAccessor: string, alias: string): Promise<Subject>;
  /** Loads what is needed at once; called at unseal after the mounts. */
  open(): Promise<void>;
  /** An auth mount is gone: its aliases go too. */
  mountGone(accessor: string): Promise<void>;
  /** Drops everything decrypted: at seal. */
  forget(): void;
}
