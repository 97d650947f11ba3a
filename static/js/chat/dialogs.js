// Which dialog of the chat is open: asked for from anywhere, shown by the view.

import {signal} from "#js/core/view.js";

/**
 * `{name: "profile", user}`, `{name: "group", id}`, `{name: "new_group", userIds}`,
 * `{name: "readers", conversation, message}` or null.
 */
export const openDialog = signal(null);

export const showProfile = (user) => (openDialog.value = {name: "profile", user});
export const showGroup = (id) => (openDialog.value = {name: "group", id});
export const showNewGroup = (userIds = []) => (openDialog.value = {name: "new_group", userIds});
export const showReaders = (conversation, message) => (openDialog.value = {name: "readers", conversation, message});
export const closeDialog = () => (openDialog.value = null);
